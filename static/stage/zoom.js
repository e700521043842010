/**
 * Zoom and pan, shared by both halves: the same piece of the picture at the same place in each.
 * @import {Size} from '../call/protocol.js'
 */

/** Screen pixels for each pixel of the enhanced picture. @typedef {'fit' | 1 | 2 | 4} Zoom */

/** @type {readonly Zoom[]} */
export const ZOOMS = ['fit', 1, 2, 4];

/**
 * What is looked at.
 * @typedef {object} Look
 * @property {Zoom} zoom
 * @property {[x: number, y: number]} centre what is in the middle of the frame: 0 to 1 of the picture's sides
 */

/** A frame on the page, or a picture's place in one. @typedef {{left: number, top: number, width: number, height: number}} Box */

/**
 * Places a picture in a frame. All in CSS pixels but for the picture's size; at a zoom that is a number, each of its
 * pixels comes to lie on whole pixels of the screen.
 * @param {Look} look
 * @param {Box} frame on the page
 * @param {Size} size of the picture
 * @param {number} ratio device pixels for each CSS pixel
 * @returns {Box} relative to the frame
 */
export function place({ zoom, centre: [x, y] }, frame, [across, down], ratio) {
  const scale = zoom === 'fit' ? Math.min(frame.width / across, frame.height / down) : zoom / ratio;
  const width = across * scale;
  const height = down * scale;
  /** @param {number} offset @param {number} origin */
  const snapped = (offset, origin) => Math.round((origin + offset) * ratio) / ratio - origin;
  return {
    left: snapped(frame.width / 2 - inside(x, frame.width / width) * width, frame.left),
    top: snapped(frame.height / 2 - inside(y, frame.height / height) * height, frame.top),
    width,
    height,
  };
}

/**
 * Moves the centre, not beyond where the picture's edge meets the frame's.
 * @param {Look} look
 * @param {[x: number, y: number]} by CSS pixels
 * @param {Box} frame
 * @param {Size} size
 * @param {number} ratio
 * @returns {Look}
 */
export function panned(look, [right, down], frame, size, ratio) {
  const { width, height } = place(look, frame, size, ratio);
  const [x, y] = look.centre;
  return {
    zoom: look.zoom,
    centre: [
      inside(inside(x, frame.width / width) + right / width, frame.width / width),
      inside(inside(y, frame.height / height) + down / height, frame.height / height),
    ],
  };
}

/** @param {number} centre @param {number} seen the share of the picture's side that fits into the frame */
function inside(centre, seen) {
  return seen >= 1 ? 0.5 : Math.min(Math.max(centre, seen / 2), 1 - seen / 2);
}
