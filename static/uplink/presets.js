/** Uplinks to try: bit rate, size and softness of the video that is sent. */

/**
 * @typedef {object} UplinkSettings
 * @property {number | null} maxBitrate of the sent video in bit/s; null for no limit
 * @property {number} scale by which width and height are divided before sending, 1 to 4
 * @property {number} softness factor by which detail is removed before sending, 1 (none) to 4
 */

/** @typedef {'good' | 'weak' | 'terrible'} Preset */

/** @type {Record<Preset, UplinkSettings>} */
export const PRESETS = {
  good: { maxBitrate: null, scale: 1, softness: 1 },
  // The bandwidth of a phone at the edge of its cell; the students are trained for this and less.
  weak: { maxBitrate: 350_000, scale: 1, softness: 1.5 },
  terrible: { maxBitrate: 120_000, scale: 2, softness: 1 },
};

/** Stops of the slider in bit/s; the last one is no limit. @type {readonly (number | null)[]} */
export const BITRATES = [
  60_000, 80_000, 120_000, 180_000, 250_000, 350_000, 500_000, 700_000, 1_000_000, 1_500_000, 2_500_000, 4_000_000,
  8_000_000, null,
];

/** Stops of the slider. @type {readonly number[]} */
export const SCALES = [1, 1.5, 2, 3, 4];

/** Stops of the slider. @type {readonly number[]} */
export const SOFTNESSES = [1, 1.25, 1.5, 2, 2.5, 3, 4];

/** @param {UplinkSettings} a @param {UplinkSettings} b */
export function sameUplink(a, b) {
  return a.maxBitrate === b.maxBitrate && a.scale === b.scale && a.softness === b.softness;
}
