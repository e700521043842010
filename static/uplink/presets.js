/** Uplinks to try: bit rate, size and softness of the video that is sent. */
/** @import {Size} from '../call/protocol.js' */

/**
 * @typedef {object} UplinkSettings
 * @property {number | null} maxBitrate of the sent video in bit/s; null for no limit
 * @property {number} scale by which width and height are divided before sending, 1 to 4
 * @property {number} softness factor by which detail is removed before sending, 1 (none) to 4
 */

/**
 * A bad line is one with few bits for each pixel: 350 kbit/s is poor at 640x360, and nothing at 1920x1080. Both codecs
 * get the same: at these bit rates their quality is about equal (docs/quality/steady.md).
 * @typedef {object} Line
 * @property {number | null} bitsPerPixel of the frames that are sent; null for no limit
 * @property {number} scale
 */

/** Video before it is reduced. @typedef {{size: Size, framerate: number}} Video */

/** @typedef {'good' | 'low' | 'half'} Preset */

/** @type {Record<Preset, Line>} */
export const PRESETS = {
  good: { bitsPerPixel: null, scale: 1 },
  // The bit rate at which docs/quality measures the students and the memory.
  low: { bitsPerPixel: 0.05, scale: 1 },
  half: { bitsPerPixel: 0.05, scale: 2 },
};

/** Stops of the slider; the last one is no limit. @type {readonly (number | null)[]} */
export const BITS_PER_PIXEL = [0.0125, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, null];

/** Stops of the slider. @type {readonly number[]} */
export const SCALES = [1, 1.5, 2, 3, 4];

/** Stops of the slider. @type {readonly number[]} */
export const SOFTNESSES = [1.25, 1.5, 2, 2.5, 3, 4];

/** A cheap camera. */
export const SOFTNESS = 2;

/** Below this, browsers stop sending video. */
const MIN_BITRATE = 30_000;

/**
 * @param {Line} line
 * @param {Video} video
 * @returns {number | null} bit/s; null for no limit
 */
export function bitrateOf({ bitsPerPixel, scale }, { size: [width, height], framerate }) {
  if (bitsPerPixel === null) return null;
  return Math.max(MIN_BITRATE, Math.round((bitsPerPixel * width * height * framerate) / scale ** 2));
}
