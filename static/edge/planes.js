/**
 * The planes of a frame: luma, which a student takes, and what belongs to it.
 *
 * Frames of a software decoder are planar 4:2:0: luma is read as it was coded, and both planes of colour are passed on.
 * Where a browser gives no planes (frames in the memory of a graphics processor, Firefox), luma is computed from RGB,
 * and the change of luma is added to all three colours, which leaves Cb and Cr as they are.
 * @import {Size} from '../call/protocol.js'
 */
import { enlarge } from './enlarge.js';

/**
 * @typedef {object} Planes
 * @property {Size} size
 * @property {Uint8Array} luma of limited range, as students take it; rows without padding
 * @property {(luma: Uint8Array) => VideoFrame | ImageBitmap} with the frame with another luma
 */

/** Luma of limited range from RGB (BT.601). */
const [RED, GREEN, BLUE, BLACK, RANGE] = [0.299, 0.587, 0.114, 16, 219 / 255];

const PLANAR = ['I420', 'NV12'];

const canvas = new OffscreenCanvas(1, 1);

/**
 * @param {VideoFrame | ImageBitmap} frame stays open
 * @param {Size} target size to enlarge it to
 * @returns {Promise<Planes>}
 */
export async function readPlanes(frame, target) {
  const planar = !(frame instanceof ImageBitmap) && frame.format !== null && PLANAR.includes(frame.format);
  return planar ? readCoded(frame, target) : readColours(frame, target);
}

/** @param {VideoFrame} frame @param {Size} target @returns {Promise<Planes>} */
async function readCoded(frame, target) {
  const { timestamp, colorSpace } = frame;
  const { width = 0, height = 0 } = frame.visibleRect ?? {};
  const half = /** @type {Size} */ ([Math.ceil(width / 2), Math.ceil(height / 2)]);
  const [pixels, quarter] = [width * height, half[0] * half[1]];
  const buffer = new Uint8Array(pixels + 2 * quarter);
  const layout = frame.format === 'I420'
    ? [{ offset: 0, stride: width }, { offset: pixels, stride: half[0] }, { offset: pixels + quarter, stride: half[0] }]
    : [{ offset: 0, stride: width }, { offset: pixels, stride: 2 * half[0] }];
  await frame.copyTo(buffer, { layout });
  const colours = frame.format === 'I420' ? buffer.subarray(pixels) : separated(buffer.subarray(pixels));
  const size = /** @type {Size} */ ([width, height]);
  const targetHalf = /** @type {Size} */ (target.map((side) => Math.ceil(side / 2)));
  const chroma = [colours.subarray(0, quarter), colours.subarray(quarter)].map((plane) => resized(plane, half, targetHalf));
  return {
    size: target,
    luma: resized(buffer.subarray(0, pixels), size, target),
    with: (luma) => {
      const data = new Uint8Array(luma.length + 2 * targetHalf[0] * targetHalf[1]);
      data.set(luma);
      let at = luma.length;
      for (const plane of chroma) {
        data.set(plane, at);
        at += plane.length;
      }
      const [codedWidth, codedHeight] = target;
      return new VideoFrame(data, { format: 'I420', codedWidth, codedHeight, timestamp, colorSpace });
    },
  };
}

/** @param {VideoFrame | ImageBitmap} frame @param {Size} target @returns {Planes} */
function readColours(frame, [width, height]) {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) throw new Error('this browser cannot draw on a canvas');
  context.imageSmoothingQuality = 'high';
  context.drawImage(frame, 0, 0, width, height);
  const image = context.getImageData(0, 0, width, height);
  const { data } = image;
  const luma = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < luma.length; i++, at += 4) {
    const sum = RED * (data[at] ?? 0) + GREEN * (data[at + 1] ?? 0) + BLUE * (data[at + 2] ?? 0);
    luma[i] = Math.round(BLACK + RANGE * sum);
  }
  return {
    size: [width, height],
    luma,
    with: (changed) => {
      for (let i = 0, at = 0; i < luma.length; i++, at += 4) {
        const more = ((changed[i] ?? 0) - (luma[i] ?? 0)) / RANGE;
        for (let colour = at; colour < at + 3; colour++) data[colour] = (data[colour] ?? 0) + more;
      }
      context.putImageData(image, 0, 0);
      return canvas.transferToImageBitmap();
    },
  };
}

/** @param {Uint8Array} pairs of Cb and Cr @returns {Uint8Array} all Cb, then all Cr */
function separated(pairs) {
  const count = pairs.length / 2;
  const planes = new Uint8Array(pairs.length);
  for (let i = 0; i < count; i++) {
    planes[i] = pairs[2 * i] ?? 0;
    planes[count + i] = pairs[2 * i + 1] ?? 0;
  }
  return planes;
}

/** @param {Uint8Array} plane @param {Size} size @param {Size} target */
function resized(plane, size, target) {
  return size[0] === target[0] && size[1] === target[1] ? plane : enlarge(plane, size, target);
}
