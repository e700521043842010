/**
 * Zoom and pan, shared by both halves: both show the same part of the frame at the same place.
 * @import {Size} from '../call/protocol.js'
 */

/** Screen pixels for each pixel of the enhanced frame. @typedef {'fit' | 1 | 2 | 4} Zoom */

/** @type {readonly Zoom[]} */
export const ZOOMS = ['fit', 1, 2, 4];

/**
 * The visible part of a frame.
 * @typedef {object} Viewpoint
 * @property {Zoom} zoom
 * @property {[x: number, y: number]} centre of the pane, as a fraction 0 to 1 of the frame's width and height
 */

/**
 * A pane on the page, or a frame's position in one.
 * @typedef {{left: number, top: number, width: number, height: number}} Box
 */

/**
 * Positions a frame in a pane, in CSS pixels except for the frame's size. At a numeric zoom each pixel of the frame
 * lies on whole pixels of the screen.
 * @param {Viewpoint} viewpoint
 * @param {Box} pane on the page
 * @param {Size} size of the frame
 * @param {number} ratio device pixels for each CSS pixel
 * @returns {Box} relative to the pane
 */
export function place({ zoom, centre: [x, y] }, pane, [across, down], ratio) {
  const scale = zoom === 'fit' ? Math.min(pane.width / across, pane.height / down) : zoom / ratio;
  const width = across * scale;
  const height = down * scale;
  /** @param {number} offset @param {number} origin */
  const snapped = (offset, origin) => Math.round((origin + offset) * ratio) / ratio - origin;
  return {
    left: snapped(pane.width / 2 - inside(x, pane.width / width) * width, pane.left),
    top: snapped(pane.height / 2 - inside(y, pane.height / height) * height, pane.top),
    width,
    height,
  };
}

/**
 * Moves the centre, at most until the edges of frame and pane meet.
 * @param {Viewpoint} viewpoint
 * @param {[x: number, y: number]} by CSS pixels
 * @param {Box} pane
 * @param {Size} size
 * @param {number} ratio
 * @returns {Viewpoint}
 */
export function panned(viewpoint, [right, down], pane, size, ratio) {
  const { width, height } = place(viewpoint, pane, size, ratio);
  const [x, y] = viewpoint.centre;
  return {
    zoom: viewpoint.zoom,
    centre: [
      inside(inside(x, pane.width / width) + right / width, pane.width / width),
      inside(inside(y, pane.height / height) + down / height, pane.height / height),
    ],
  };
}

/**
 * Changes the zoom; the point of the frame below the pointer stays where it is, where the edges allow.
 * @param {Viewpoint} viewpoint
 * @param {Zoom} zoom
 * @param {[x: number, y: number]} at CSS pixels from the corner of the pane
 * @param {Box} pane
 * @param {Size} size
 * @param {number} ratio
 * @returns {Viewpoint}
 */
export function zoomedAt(viewpoint, zoom, [x, y], pane, size, ratio) {
  const before = place(viewpoint, pane, size, ratio);
  const after = place({ ...viewpoint, zoom }, pane, size, ratio);
  /** @type {[number, number]} */
  const point = [(x - before.left) / before.width, (y - before.top) / before.height];
  const centre = /** @type {[number, number]} */ ([
    inside(point[0] - (x - pane.width / 2) / after.width, pane.width / after.width),
    inside(point[1] - (y - pane.height / 2) / after.height, pane.height / after.height),
  ]);
  return { zoom, centre };
}

/** @param {number} centre @param {number} seen fraction of the frame's side that fits into the pane */
function inside(centre, seen) {
  return seen >= 1 ? 0.5 : Math.min(Math.max(centre, seen / 2), 1 - seen / 2);
}
