/**
 * Draws both halves of a pair in one rendering step: what is on the screen is always one frame and the same.
 *
 * Each half is a canvas of the enhanced frame's size. Where it goes on the screen, how large, and how much of it
 * can be seen is CSS's business, so that zoom, pan and divider draw nothing anew and work on a frozen pair.
 * @import {Pair} from './pairing.js'
 * @import {Size} from '../call/protocol.js'
 */

/** A half of the stage: a canvas above the video that stands in for it while nothing was drawn. */
export class Half {
  /** The size at which the frame came, before it was enlarged. @type {Size | null} */
  size = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('this browser has no canvas');
    this.#context = context;
    this.clear();
  }

  #context;

  /**
   * @param {VideoFrame | HTMLVideoElement} frame
   * @param {Size} size to enlarge it to
   */
  draw(frame, [width, height]) {
    const size = sizeOf(frame);
    if (!size[0] || !width) return;
    const { canvas } = this;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.#context.drawImage(frame, 0, 0, width, height);
    this.size = size;
    canvas.hidden = false;
  }

  /** Takes the frame away. */
  clear() {
    this.size = null;
    this.canvas.hidden = true;
    [this.canvas.width, this.canvas.height] = [0, 0];
  }
}

/**
 * @param {{original: Half, enhanced: Half}} halves
 * @param {Pair} pair
 */
export function paint(halves, { original, enhanced }) {
  const size = sizeOf(enhanced);
  if (original) halves.original.draw(original, size);
  halves.enhanced.draw(enhanced, size);
}

/** @param {VideoFrame | HTMLVideoElement} frame @returns {Size} */
export function sizeOf(frame) {
  return frame instanceof HTMLVideoElement
    ? [frame.videoWidth, frame.videoHeight]
    : [frame.displayWidth, frame.displayHeight];
}
