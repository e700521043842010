/**
 * Draws both halves of a pair in one rendering step: what is on the screen is always one frame and the same.
 *
 * Each half is a canvas of the enhanced picture's size. Where it goes on the screen, how large, and how much of it
 * can be seen is CSS's business, so that zoom, pan and divider draw nothing anew and work on a frozen pair.
 * @import {Pair} from './pairing.js'
 * @import {Size} from '../call/protocol.js'
 */

/** A half of the stage: a canvas above the video that stands in for it while nothing was drawn. */
export class Half {
  /** The size at which the picture came, before it was enlarged. @type {Size | null} */
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
   * @param {VideoFrame | HTMLVideoElement} picture
   * @param {Size} size to enlarge it to
   */
  draw(picture, [width, height]) {
    const size = sizeOf(picture);
    if (!size[0] || !width) return;
    const { canvas } = this;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.#context.drawImage(picture, 0, 0, width, height);
    this.size = size;
    canvas.hidden = false;
  }

  /** Takes the picture away. */
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

/** @param {VideoFrame | HTMLVideoElement} picture @returns {Size} */
export function sizeOf(picture) {
  return picture instanceof HTMLVideoElement
    ? [picture.videoWidth, picture.videoHeight]
    : [picture.displayWidth, picture.displayHeight];
}
