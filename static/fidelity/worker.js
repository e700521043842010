/**
 * Worker that compares both halves of a pair of the sample clip with the frame that was drawn, which it draws again.
 * @import {Size} from '../call/protocol.js'
 * @import {Compare, Fidelity} from './meter.js'
 * @import {Middle} from './psnr.js'
 */
import { SampleScene } from '../sources/sample-scene.js';
import { CODE_ROWS, readCode } from '../sources/time-code.js';
import { lumaOf, middleOf, psnr } from './psnr.js';
import { vif } from './vif.js';

/** Part of the frame whose information is measured: it takes some ten milliseconds. @type {Size} */
const MIDDLE = [320, 180];

const scene = new SampleScene();
const canvas = new OffscreenCanvas(1, 1);

/** @param {MessageEvent<Compare>} event */
self.onmessage = ({ data: { original, enhanced, moments } }) => {
  self.postMessage(compare(original, enhanced, moments));
  original.close();
  enhanced.close();
};

/**
 * @param {ImageBitmap} original
 * @param {ImageBitmap} enhanced of the same size
 * @param {Map<number, number>} moments
 * @returns {Fidelity | null} null unless both show the same known frame
 */
function compare(original, enhanced, moments) {
  const { width, height } = enhanced;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  if (!context) return null;
  const read = (/** @type {() => void} */ draw) => {
    draw();
    return lumaOf(context.getImageData(0, 0, width, height).data);
  };
  const before = read(() => context.drawImage(original, 0, 0));
  const after = read(() => context.drawImage(enhanced, 0, 0));
  const code = readCode(before, width);
  const seconds = code === null ? undefined : moments.get(code);
  if (seconds === undefined || readCode(after, width) !== code) return null;
  const truth = read(() => scene.draw(context, seconds));
  const count = width * Math.floor(height * (1 - CODE_ROWS) - 1);
  const middles = [truth, before, after].map((luma) => middleOf(luma, [width, height], MIDDLE));
  const [known, poor, better] = /** @type {[Middle, Middle, Middle]} */ (middles);
  return {
    before: psnr(before, truth, count),
    after: psnr(after, truth, count),
    vifBefore: vif(poor.luma, known.luma, known.width, known.height),
    vifAfter: vif(better.luma, known.luma, known.width, known.height),
  };
}
