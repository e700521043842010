/**
 * Reads what the server sends over the data channel. A server may be newer or older than the page, so what is
 * missing or strange becomes null and what is unknown is ignored: a wrong message never breaks a call.
 * @import {RateName, ServerMessage, ServerStats, Size, Spread, StageName} from './protocol.js'
 */

/** @type {readonly RateName[]} */
export const RATES = ['received', 'enhanced', 'passed', 'dropped', 'returned'];

/** @type {readonly StageName[]} */
export const STAGES = ['decode', 'wait', 'enhance', 'encode_wait', 'encode', 'total'];

/**
 * @param {unknown} data of a message event
 * @returns {ServerMessage | null} null for everything that this page does not understand
 */
export function readMessage(data) {
  const message = fields(parse(data));
  if (message.type === 'stats') return readStats(message);
  if (message.type === 'closing') return { type: 'closing', reason: text(message.reason) };
  if (message.type === 'restart_sender') return { type: 'restart_sender', reason: text(message.reason) };
  return null;
}

/**
 * @param {Record<string, unknown>} message
 * @returns {ServerStats}
 */
function readStats(message) {
  const rate = fields(message.rate);
  const stages = fields(message.stages);
  return {
    type: 'stats',
    codec: text(message.codec),
    encoder: text(message.encoder),
    bitrate: number(message.bitrate),
    student: text(message.student),
    rung_reason: text(message.rung_reason),
    provider: text(message.provider),
    provider_note: text(message.provider_note),
    size_in: size(message.size_in),
    size_out: size(message.size_out),
    rtp_offset: number(message.rtp_offset),
    rate: {
      received: number(rate.received),
      enhanced: number(rate.enhanced),
      passed: number(rate.passed),
      dropped: number(rate.dropped),
      returned: number(rate.returned),
    },
    stages: {
      decode: spread(stages.decode),
      wait: spread(stages.wait),
      enhance: spread(stages.enhance),
      encode_wait: spread(stages.encode_wait),
      encode: spread(stages.encode),
      total: spread(stages.total),
    },
    passed_reason: text(message.passed_reason),
  };
}

/** @param {unknown} data @returns {unknown} */
function parse(data) {
  if (typeof data !== 'string') return null;
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

/** @param {unknown} value @returns {Record<string, unknown>} */
function fields(value) {
  return typeof value === 'object' && value !== null ? /** @type {Record<string, unknown>} */ (value) : {};
}

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** @param {unknown} value */
function number(value) {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** @param {unknown} value @returns {Size | null} */
function size(value) {
  if (!Array.isArray(value)) return null;
  const [width, height] = value.map(number);
  return width && height ? [width, height] : null;
}

/** @param {unknown} value @returns {Spread} */
function spread(value) {
  const { p50, p95 } = fields(value);
  return { p50: number(p50), p95: number(p95) };
}
