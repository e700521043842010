/** Lines that anyone can try: how many bits, how small, how soft. */

/**
 * @typedef {object} Line
 * @property {number | null} maxBitrate of what is sent, bits a second; null for what the line takes
 * @property {number} scale by which each side is divided before it is sent, 1 to 4
 * @property {number} softness by which detail is taken from the picture before it is sent, 1 (none) to 4
 */

/** @typedef {'good' | 'weak' | 'terrible'} Preset */

/** @type {Record<Preset, Line>} */
export const PRESETS = {
  good: { maxBitrate: null, scale: 1, softness: 1 },
  // What is left to a call on a phone at the edge of its cell; the students are trained from here downwards.
  weak: { maxBitrate: 350_000, scale: 1, softness: 1.5 },
  terrible: { maxBitrate: 120_000, scale: 2, softness: 1 },
};

/** Stops of the slider, bits a second; the last is no limit. @type {readonly (number | null)[]} */
export const BITRATES = [
  60_000, 80_000, 120_000, 180_000, 250_000, 350_000, 500_000, 700_000, 1_000_000, 1_500_000, 2_500_000, 4_000_000,
  8_000_000, null,
];

/** Stops of the slider. @type {readonly number[]} */
export const SCALES = [1, 1.5, 2, 3, 4];

/** Stops of the slider. @type {readonly number[]} */
export const SOFTNESSES = [1, 1.25, 1.5, 2, 2.5, 3, 4];

/** @param {Line} a @param {Line} b */
export function sameLine(a, b) {
  return a.maxBitrate === b.maxBitrate && a.scale === b.scale && a.softness === b.softness;
}
