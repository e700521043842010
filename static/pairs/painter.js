/**
 * Draws both halves of a pair in one rendering step, so that both always show the same frame.
 *
 * Each half is a canvas with the size of the enhanced frame. CSS determines its position, size and visible part, so
 * that zoom, pan and divider need no redraw and work on a frozen pair.
 * @import {Pair} from './pairing.js'
 * @import {Size} from '../call/protocol.js'
 */

/** A half of the stage: a canvas above the video, which is visible until something is drawn. */
export class Half {
  /** Size of the frame before it was enlarged. @type {Size | null} */
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
   * @param {VideoFrame | HTMLVideoElement | ImageBitmap} frame
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

  /** Removes the frame. */
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

/** @param {VideoFrame | HTMLVideoElement | ImageBitmap} frame @returns {Size} */
export function sizeOf(frame) {
  if (frame instanceof HTMLVideoElement) return [frame.videoWidth, frame.videoHeight];
  return frame instanceof ImageBitmap ? [frame.width, frame.height] : [frame.displayWidth, frame.displayHeight];
}
