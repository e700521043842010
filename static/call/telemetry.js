/**
 * Parses the server's messages on the data channel. The server may be newer or older than the page: missing or invalid
 * values become null, unknown fields and messages are ignored.
 * @import {
 *   DropName, Applied, Memory, MemoryMask, PassCode, RateName, ServerMessage, ServerStats, Size, Spread, StageName,
 * } from './protocol.js'
 */

/** @type {readonly RateName[]} */
const RATES = ['received', 'enhanced', 'passed', 'forwarded', 'dropped', 'returned'];

/** In the order of the pipeline. @type {readonly DropName[]} */
const DROPS = ['undecoded', 'waiting', 'enhanced', 'encoding'];

/** @type {readonly StageName[]} */
const STAGES = ['decode', 'wait', 'enhance', 'encode_wait', 'encode', 'total'];

/** @type {readonly PassCode[]} */
const PASS_CODES = ['good', 'bits', 'nothing', 'busy', 'off', 'failed'];

/** Largest side of a grid of MemoryMask. */
const LONGEST_SIDE = 256;

/**
 * @param {unknown} data of a message event
 * @returns {ServerMessage | null} null for unknown messages
 */
export function readMessage(data) {
  const message = fields(parse(data));
  switch (message.type) {
    case 'stats': return readStats(message);
    case 'applied': return readApplied(message);
    case 'forgotten': return { type: 'forgotten' };
    case 'memory_mask': return readMask(message);
    case 'refused': return { type: 'refused', message: text(message.message) };
    case 'closing': return { type: 'closing', reason: text(message.reason) };
    case 'moving': return { type: 'moving' };
    case 'restart_sender': return { type: 'restart_sender', reason: text(message.reason) };
    default: return null;
  }
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
    received_bitrate: number(message.received_bitrate),
    returned_bitrate: number(message.returned_bitrate),
    student: text(message.student),
    students: Array.isArray(message.students) ? message.students.filter((name) => text(name) !== null) : [],
    rung_reason: text(message.rung_reason),
    provider: text(message.provider),
    provider_note: text(message.provider_note),
    size_in: size(message.size_in),
    size_out: size(message.size_out),
    advised_reduction: number(message.advised_reduction),
    rate: named(RATES, (name) => number(rate[name])),
    drops: named(DROPS, (name) => number(rate[`dropped_${name}`])),
    stages: named(STAGES, (name) => spread(stages[name])),
    memory: memory(message.memory),
    learned: number(message.learned),
    passed_reason: text(message.passed_reason),
    passed_code: PASS_CODES.find((code) => code === message.passed_code) ?? null,
    rtp_offset: number(message.rtp_offset),
  };
}

/** @param {Record<string, unknown>} message @returns {Applied} */
function readApplied(message) {
  return {
    type: 'applied',
    student: text(message.student) ?? 'auto',
    strength: number(message.strength) ?? 1,
    enhance: message.enhance !== false,
    remember: message.remember !== false,
    memory_mask: message.memory_mask === true,
    output_height: number(message.output_height),
    max_bitrate: number(message.max_bitrate),
  };
}

/** @param {Record<string, unknown>} message @returns {MemoryMask | null} */
function readMask(message) {
  const [columns, rows] = [number(message.columns), number(message.rows)];
  if (columns === null || rows === null || !inGrid(columns) || !inGrid(rows)) return null;
  const cells = bytes(message.cells);
  return cells?.length === Math.ceil(columns * rows / 8) ? { type: 'memory_mask', columns, rows, cells } : null;
}

/** @param {number} side */
function inGrid(side) {
  return Number.isInteger(side) && side >= 0 && side <= LONGEST_SIDE;
}

/** @param {unknown} base64 @returns {Uint8Array | null} */
function bytes(base64) {
  if (typeof base64 !== 'string') return null;
  try {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
}

/**
 * @template {string} Name
 * @template Value
 * @param {readonly Name[]} names
 * @param {(name: Name) => Value} read
 */
function named(names, read) {
  return /** @type {Record<Name, Value>} */ (Object.fromEntries(names.map((name) => [name, read(name)])));
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

/** @param {unknown} value @returns {Memory | null} */
function memory(value) {
  const { share, age, ms } = fields(value);
  const known = number(share);
  return known === null ? null : { share: known, age: number(age), ms: number(ms) };
}

/** @param {unknown} value @returns {Spread} */
function spread(value) {
  const { p50, p95 } = fields(value);
  return { p50: number(p50), p95: number(p95) };
}
