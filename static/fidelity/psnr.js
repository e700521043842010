/** How close a frame is to the one that was drawn. */

/** Identical frames; the value that the tables of docs/quality use. */
const HIGHEST_DB = 99;

/** @param {Uint8ClampedArray} rgba @returns {Float32Array} BT.601 luma, 0 to 255 */
export function lumaOf(rgba) {
  const luma = new Float32Array(rgba.length / 4);
  for (let i = 0, at = 0; i < luma.length; i++, at += 4) {
    luma[i] = 0.299 * (rgba[at] ?? 0) + 0.587 * (rgba[at + 1] ?? 0) + 0.114 * (rgba[at + 2] ?? 0);
  }
  return luma;
}

/**
 * @param {Float32Array} luma
 * @param {Float32Array} truth of the same size
 * @param {number} count of the first pixels to compare
 * @returns {number} peak signal-to-noise ratio in dB
 */
export function psnr(luma, truth, count) {
  let squares = 0;
  for (let i = 0; i < count; i++) squares += ((luma[i] ?? 0) - (truth[i] ?? 0)) ** 2;
  return Math.min(10 * Math.log10(255 ** 2 / (squares / count)), HIGHEST_DB);
}
