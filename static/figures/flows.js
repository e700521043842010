/**
 * Video statistics of the browser in both directions (W3C webrtc-stats): running counters, and rates between two of
 * them. Browsers differ in the fields that they fill; missing values are null.
 */

/** Running counts at one moment. @typedef {ReturnType<typeof counters>} Counters */

/** Rates and means between two moments. @typedef {ReturnType<typeof between>} Flows */

/** @typedef {Record<string, unknown>} Entry */

/** @param {RTCStatsReport} report @param {number} at milliseconds */
export function counters(report, at) {
  const source = video(report, 'media-source');
  const outbound = video(report, 'outbound-rtp');
  const remote = video(report, 'remote-inbound-rtp'); // the server's receiver reports on the sent video
  const inbound = video(report, 'inbound-rtp');
  const pair = [...entries(report)].find(({ type, nominated, state }) =>
    type === 'candidate-pair' && nominated && state === 'succeeded');
  return {
    at,
    captured: number(source, 'frames'),
    encoded: number(outbound, 'framesEncoded'),
    sent: number(outbound, 'framesSent'),
    sentWidth: number(outbound, 'frameWidth'),
    sentHeight: number(outbound, 'frameHeight'),
    sentBytes: sum(outbound, ['bytesSent', 'headerBytesSent']),
    sentPackets: number(outbound, 'packetsSent'),
    sentLost: number(remote, 'packetsLost'),
    encodeSeconds: number(outbound, 'totalEncodeTime'),
    limitedBy: text(outbound, 'qualityLimitationReason'),
    returned: number(inbound, 'framesReceived'),
    decoded: number(inbound, 'framesDecoded'),
    droppedHere: number(inbound, 'framesDropped'),
    returnedBytes: sum(inbound, ['bytesReceived', 'headerBytesReceived']),
    returnedPackets: number(inbound, 'packetsReceived'),
    returnedLost: number(inbound, 'packetsLost'),
    bufferedSeconds: number(inbound, 'jitterBufferDelay'),
    buffered: number(inbound, 'jitterBufferEmittedCount'),
    decodeSeconds: number(inbound, 'totalDecodeTime'),
    networkSeconds: number(pair, 'currentRoundTripTime'),
  };
}

/** @param {Counters} before @param {Counters} after */
export function between(before, after) {
  const seconds = (after.at - before.at) / 1000;
  /** @typedef {Exclude<keyof Counters, 'limitedBy'>} Name */
  const grown = (/** @type {Name} */ name) => difference(before[name], after[name]);
  const rate = (/** @type {Name} */ name) => quotient(grown(name), seconds);
  const bits = (/** @type {Name} */ name) => quotient(grown(name), seconds / 8);
  const ms = (/** @type {Name} */ time, /** @type {Name} */ count) => quotient(grown(time), (grown(count) ?? 0) / 1000);
  return {
    captured: rate('captured'),
    encoded: rate('encoded'),
    sent: rate('sent'),
    returned: rate('returned'),
    decoded: rate('decoded'),
    droppedHere: rate('droppedHere'),
    sentBitrate: bits('sentBytes'),
    returnedBitrate: bits('returnedBytes'),
    sentLoss: share(grown('sentLost'), grown('sentPackets')),
    returnedLoss: share(grown('returnedLost'), sumOf(grown('returnedPackets'), grown('returnedLost'))),
    encodeMs: ms('encodeSeconds', 'encoded'),
    bufferMs: ms('bufferedSeconds', 'buffered'),
    decodeMs: ms('decodeSeconds', 'decoded'),
    networkMs: after.networkSeconds === null ? null : after.networkSeconds * 1000,
    limitedBy: after.limitedBy,
    sentSize: after.sentWidth && after.sentHeight ? [after.sentWidth, after.sentHeight] : null,
  };
}

/** @param {RTCStatsReport} report @returns {Iterable<Entry>} */
function entries(report) {
  return /** @type {Iterable<Entry>} */ (report.values());
}

/** @param {RTCStatsReport} report @param {RTCStatsType} type @returns {Entry} */
function video(report, type) {
  return [...entries(report)].find((entry) => entry.type === type && entry.kind === 'video') ?? {};
}

/** @param {Entry | undefined} entry @param {string} name */
function number(entry, name) {
  const value = entry?.[name];
  return typeof value === 'number' ? value : null;
}

/** @param {Entry} entry @param {string} name */
function text(entry, name) {
  const value = entry[name];
  return typeof value === 'string' ? value : null;
}

/** @param {Entry} entry @param {string[]} names of which the first must exist */
function sum(entry, [first = '', ...others]) {
  const value = number(entry, first);
  return value === null ? null : others.reduce((total, name) => total + (number(entry, name) ?? 0), value);
}

/** @param {number | null} a @param {number | null} b */
function sumOf(a, b) {
  return a === null || b === null ? null : a + b;
}

/** @param {number | null} before @param {number | null} after */
function difference(before, after) {
  return before === null || after === null || after < before ? null : after - before;
}

/** @param {number | null} a @param {number} b */
function quotient(a, b) {
  return a === null || b <= 0 ? null : a / b;
}

/** @param {number | null} part @param {number | null} whole @returns {number | null} 0 to 1 */
function share(part, whole) {
  return part === null || whole === null || whole <= 0 ? null : Math.min(part / whole, 1);
}
