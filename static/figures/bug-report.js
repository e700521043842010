/**
 * The report that "Copy as JSON" copies: figures, settings, events and versions. It contains no names of devices or
 * files, no addresses, no session, no token and no video.
 * @import {UplinkSettings} from '../uplink/presets.js'
 * @import {ServerStats, SessionSettings} from '../call/protocol.js'
 * @import {SourceSettings} from '../sources/source.js'
 * @import {Second} from './second.js'
 */
import { figuresOf } from './second.js';

/**
 * A state of the call or the code of an error; `detail` is the message of the browser or the server.
 * @typedef {{at: number, what: string, detail?: string | null}} Event
 */

/**
 * @param {object} about
 * @param {string | null} about.version of the server, which also serves this page; null if unknown
 * @param {SourceSettings} about.source
 * @param {MediaTrackSettings | null} about.track
 * @param {UplinkSettings} about.uplink
 * @param {SessionSettings} about.settings
 * @param {ServerStats | null} about.server
 * @param {Second[]} about.seconds
 * @param {readonly Event[]} about.events
 */
export function bugReport({ version, source, track, uplink, settings, server, seconds, events }) {
  const now = performance.now();
  const { kind, size, framerate } = source;
  return {
    report: 'acutance page 2',
    version,
    browser: navigator.userAgent,
    screen: { width: innerWidth, height: innerHeight, pixels: devicePixelRatio },
    cores: navigator.hardwareConcurrency,
    secure: isSecureContext,
    source: { kind, size, framerate, captured: track && pick(track, ['width', 'height', 'frameRate']) },
    uplink,
    settings,
    server,
    // Relative times: seconds before the copy was made.
    events: events.map(({ at, what, detail = null }) => ({
      ago: secondsOf(now - at), what, ...(detail ? { detail: withoutAddresses(detail) } : {}),
    })),
    seconds: seconds.map((second) => ({
      ago: secondsOf(now - second.at),
      ...rounded(figuresOf(second)),
      limited_by: second.flows?.limitedBy ?? null,
      sent_size: second.flows?.sentSize ?? null,
      pairs: second.stage.pairs,
    })),
  };
}

/** Host names and addresses of a URL, IPv4 addresses, and IPv6 addresses of at least three groups. */
const ADDRESSES = /(?<=:\/\/)[^/\s]+|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\b/gi;

/** @param {string} words message that may contain addresses */
function withoutAddresses(words) {
  return words.replace(ADDRESSES, '…');
}

/** @param {number} ms */
function secondsOf(ms) {
  return Math.round(ms / 100) / 10;
}

/** @param {Record<string, number | null>} figures */
function rounded(figures) {
  return Object.fromEntries(Object.entries(figures)
    .map(([name, value]) => [name, value === null ? null : Math.round(value * 1000) / 1000]));
}

/** @param {MediaTrackSettings} settings @param {(keyof MediaTrackSettings)[]} names */
function pick(settings, names) {
  return Object.fromEntries(names.map((name) => [name, settings[name] ?? null]));
}
