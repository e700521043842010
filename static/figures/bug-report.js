/**
 * Everything that helps to understand a fault, as JSON: figures, settings, versions. No names of devices or files,
 * no addresses, no session, no token, nothing of the picture.
 * @import {UplinkSettings} from '../uplink/presets.js'
 * @import {ServerStats, SessionSettings} from '../call/protocol.js'
 * @import {SourceSettings} from '../sources/source.js'
 * @import {Second} from './second.js'
 */
import { figuresOf } from './second.js';

/**
 * What happened, and when: a state or a code, and for an error what the browser or the server gave as its reason.
 * @typedef {{at: number, what: string, detail?: string | null}} Event
 */

/**
 * @param {object} about
 * @param {string | null} about.version of the server and of this page, which it serves; null where it was not told
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
    // Seconds before the copy was made: no time of day.
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

/** @param {string} words an error's, which may name a host */
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
