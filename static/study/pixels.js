/**
 * One pixel of a clip on one pixel of the screen.
 * @import {Study} from './api.js'
 */

/** CSS pixels of the page beside and below the canvases of a trial, see study.css. */
const BESIDE = 16;
const BELOW = 44 + 172;
/** Between two clips, see study.css. */
const BETWEEN = 16;

/** Sets the size of a canvas in screen pixels. @param {HTMLCanvasElement} canvas @param {number} width @param {number} height */
export function size(canvas, width, height) {
  canvas.width = width;
  canvas.height = height;
  align(canvas);
}

/** Puts the pixels of a canvas on those of the screen, after a change of layout or zoom. @param {HTMLCanvasElement} canvas */
export function align(canvas) {
  const ratio = devicePixelRatio;
  const { style } = canvas;
  Object.assign(style, { width: `${canvas.width / ratio}px`, height: `${canvas.height / ratio}px`, left: '', top: '' });
  const { left, top } = canvas.getBoundingClientRect();
  const [x, y] = [left, top].map((place) => (Math.round(place * ratio) - place * ratio) / ratio);
  // Not by a transform: browsers round places of the layout to screen pixels, and resample what is transformed.
  Object.assign(style, { left: `${x}px`, top: `${y}px` });
}

/** Returns the screen pixels that a trial needs. @param {Study} study */
export function needed(study) {
  const panes = study.method === 'ccr' ? 2 : 1;
  const ratio = devicePixelRatio;
  return {
    width: Math.ceil(panes * study.width + ((panes - 1) * BETWEEN + BESIDE) * ratio),
    height: Math.ceil(study.height + BELOW * ratio),
  };
}

/** Returns the screen pixels of the window. */
export function available() {
  return { width: Math.floor(innerWidth * devicePixelRatio), height: Math.floor(innerHeight * devicePixelRatio) };
}

/** @param {Study} study */
export function fits(study) {
  const [wanted, there] = [needed(study), available()];
  return wanted.width <= there.width && wanted.height <= there.height;
}
