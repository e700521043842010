/** How close a frame is to the one that was drawn. @import {Size} from '../call/protocol.js' */

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

/** @typedef {{luma: Float32Array, width: number, height: number}} Middle */

/**
 * @param {Float32Array} luma
 * @param {Size} size
 * @param {Size} largest size of the part
 * @returns {Middle} the middle of a frame
 */
export function middleOf(luma, [width, height], [across, down]) {
  const [left, top] = [Math.max(0, width - across) >> 1, Math.max(0, height - down) >> 1];
  const middle = { luma: new Float32Array(0), width: width - 2 * left, height: height - 2 * top };
  middle.luma = new Float32Array(middle.width * middle.height);
  for (let y = 0; y < middle.height; y++) {
    const begin = (top + y) * width + left;
    middle.luma.set(luma.subarray(begin, begin + middle.width), y * middle.width);
  }
  return middle;
}
