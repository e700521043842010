/**
 * Both halves in one video, for a recording: original on the left, enhanced on the right, both at the size of the
 * enhanced video.
 * @import {Pair} from '../pairs/pairing.js'
 * @import {Size} from '../call/protocol.js'
 */
import { sizeOf } from '../pairs/painter.js';

/**
 * A pair of two frames that are only close in time is left out. After this time without the same frame in both halves
 * it is recorded nevertheless: the recording must not stand still.
 */
const MAX_LEFT_OUT_MS = 2_000;

export class SideBySide {
  #canvas = document.createElement('canvas');
  #context = this.#canvas.getContext('2d', { alpha: false });
  #half;
  /** When the same frame was last in both halves, in milliseconds. */
  #exactAt = -Infinity;

  /** @param {Size} half size of each half, fixed for the whole file */
  constructor(half) {
    this.#half = half;
    [this.#canvas.width, this.#canvas.height] = this.size;
  }

  /** @returns {Size} */
  get size() {
    const [width, height] = this.#half;
    return [2 * width, height];
  }

  /** @returns {MediaStream} with a frame for each pair that is not left out */
  capture() {
    return this.#canvas.captureStream();
  }

  /** @param {Pair} pair */
  draw({ original, enhanced, match, now }) {
    if (match === 'exact') this.#exactAt = now;
    else if (match === 'near' && now - this.#exactAt < MAX_LEFT_OUT_MS) return;
    const [width, height] = this.#half;
    if (original && sizeOf(original)[0]) this.#context?.drawImage(original, 0, 0, width, height);
    if (sizeOf(enhanced)[0]) this.#context?.drawImage(enhanced, width, 0, width, height);
  }
}
