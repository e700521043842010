/**
 * Frame rates from `getStats`, for browsers without `requestVideoFrameCallback`: what was sent or decoded, which
 * is near to what was shown. Browsers differ in the fields that they fill: counters first, for they do not lie
 * about the moment they were taken; the browser's own rate where there is none.
 * @import {Meter} from './framerate.js'
 */
import { SlidingRate } from './framerate.js';

const POLL_MS = 500;

/** The fields of W3C webrtc-stats that are read here. @typedef {RTCStats & Record<string, unknown>} Entry */

/** @typedef {{frames: number | null, rate: number | null}} Reading */

/**
 * @param {RTCStatsReport} report
 * @returns {Reading | null} of the track that is received
 */
export function received(report) {
  return reading(report, 'inbound-rtp', ['framesReceived', 'framesDecoded']);
}

/**
 * @param {RTCStatsReport} report
 * @returns {Reading | null} of the track that is sent
 */
export function sent(report) {
  return reading(report, 'media-source', ['frames']) ?? reading(report, 'outbound-rtp', ['framesSent', 'framesEncoded']);
}

/**
 * @param {() => Promise<RTCStatsReport>} stats
 * @param {(report: RTCStatsReport) => Reading | null} read
 * @param {AbortSignal} signal ends the polling
 * @returns {Meter}
 */
export function reportedRate(stats, read, signal) {
  const counted = new SlidingRate();
  /** @type {Reading | null} */
  let latest = null;
  const poll = async () => {
    latest = read(await stats());
    // The report's own clock is not this page's: take the moment of its arrival.
    if (latest?.frames != null) counted.add(performance.now(), latest.frames);
  };
  const timer = setInterval(poll, POLL_MS);
  signal.addEventListener('abort', () => clearInterval(timer));
  return { read: (now) => (latest?.frames == null ? latest?.rate ?? null : counted.read(now)) };
}

/**
 * @param {RTCStatsReport} report
 * @param {RTCStatsType} type
 * @param {string[]} counters in order of preference
 * @returns {Reading | null}
 */
function reading(report, type, counters) {
  for (const entry of /** @type {Iterable<Entry>} */ (report.values())) {
    if (entry.type !== type || entry.kind !== 'video') continue;
    const frames = counters.map((name) => entry[name]).find((value) => typeof value === 'number');
    const rate = entry.framesPerSecond;
    if (frames !== undefined || typeof rate === 'number') {
      return {
        frames: /** @type {number | undefined} */ (frames) ?? null,
        rate: typeof rate === 'number' ? rate : null,
      };
    }
  }
  return null;
}
