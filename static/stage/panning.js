/**
 * Zoom and pan on the page: positions the frames and handles keys; pointers: gestures.js.
 * @import {Size} from '../call/protocol.js'
 * @import {Viewpoint, Zoom} from './zoom.js'
 */
import { Gestures } from './gestures.js';
import { ZOOMS, panned, place, zoomedAt } from './zoom.js';

/** CSS pixels that an arrow key moves the frame by. */
const STEP = 48;

/** @type {Record<string, [x: number, y: number]>} */
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

/** Zoom after a double click, and of a close look. */
export const CLOSE = /** @type {const} */ (2);

export class Panning {
  /** @type {Viewpoint} */
  #viewpoint = { zoom: 'fit', centre: [0.5, 0.5] };
  /** @type {Size} */
  #size = [16, 9];
  #region;
  #panes;
  #onZoom;

  /**
   * @param {HTMLElement} region that takes keys and pointers
   * @param {HTMLElement[]} panes each with one `.plane` in it, all of one size
   * @param {(zoom: Zoom) => void} onZoom
   */
  constructor(region, panes, onZoom) {
    this.#region = region;
    this.#panes = panes;
    this.#onZoom = onZoom;
    const observer = new ResizeObserver(() => this.refresh());
    for (const pane of panes) observer.observe(pane);
    region.addEventListener('keydown', (event) => this.#press(event));
    new Gestures(region, {
      onPan: (by) => this.#pan(by),
      onStep: (by, at) => this.#zoomAt(ZOOMS[ZOOMS.indexOf(this.zoom) + by] ?? this.zoom, at),
      onToggle: (at) => this.#zoomAt(this.zoom === 'fit' ? CLOSE : 'fit', at),
    });
    this.zoom = 'fit';
  }

  get zoom() {
    return this.#viewpoint.zoom;
  }

  /** @param {Zoom} zoom */
  set zoom(zoom) {
    this.look({ ...this.#viewpoint, zoom });
  }

  /** @param {Viewpoint} viewpoint */
  look(viewpoint) {
    this.#viewpoint = viewpoint;
    this.#region.dataset.zoom = String(viewpoint.zoom);
    this.refresh();
    this.#onZoom(viewpoint.zoom);
  }

  /** Sets the size of the enhanced frame. @param {Size} size */
  set size(size) {
    if (size[0] === this.#size[0] && size[1] === this.#size[1]) return;
    this.#size = size;
    this.refresh();
  }

  /** @param {number} x as a fraction of the frame's width @returns {number} as a fraction of the pane's width */
  acrossOf(x) {
    const [pane] = this.#panes;
    if (!pane) return 0.5;
    const { left, width } = place(this.#viewpoint, boxOf(pane), this.#size, devicePixelRatio);
    return (left + x * width) / pane.clientWidth;
  }

  /** Positions the frames again, after a change of the panes. */
  refresh() {
    for (const pane of this.#panes) {
      const plane = pane.querySelector('.plane');
      if (!(plane instanceof HTMLElement)) continue;
      const { left, top, width, height } = place(this.#viewpoint, boxOf(pane), this.#size, devicePixelRatio);
      // By layout, not by a transform, which Chromium places on fractions of a pixel.
      for (const [side, value] of Object.entries({ left, top, width, height })) {
        plane.style.setProperty(side, `${value}px`);
      }
    }
  }

  /** @param {[x: number, y: number]} by */
  #pan(by) {
    const [pane] = this.#panes;
    if (!pane) return;
    this.#viewpoint = panned(this.#viewpoint, by, boxOf(pane), this.#size, devicePixelRatio);
    this.refresh();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.target !== this.#region || event.ctrlKey || event.altKey || event.metaKey) return;
    const arrow = ARROWS[event.key];
    if (arrow) this.#pan(arrow);
    else if (event.key === '+' || event.key === '-') this.#step(event.key === '+' ? 1 : -1);
    else return;
    event.preventDefault();
  }

  /** @param {1 | -1} by */
  #step(by) {
    this.zoom = ZOOMS[ZOOMS.indexOf(this.zoom) + by] ?? this.zoom;
  }

  /** @param {Zoom} zoom @param {[x: number, y: number]} at on the screen, in CSS pixels */
  #zoomAt(zoom, [x, y]) {
    const panes = this.#panes.map((pane) => ({ pane, bounds: pane.getBoundingClientRect() }));
    const below = panes.find(({ bounds }) => x >= bounds.left && x < bounds.right && y >= bounds.top && y < bounds.bottom);
    const { pane, bounds } = below ?? panes[0] ?? {};
    if (!pane || !bounds || zoom === this.zoom) return;
    const at = /** @type {[number, number]} */ ([x - bounds.left, y - bounds.top]);
    this.look(zoomedAt(this.#viewpoint, zoom, at, boxOf(pane), this.#size, devicePixelRatio));
  }
}

/** @param {HTMLElement} pane */
function boxOf(pane) {
  const { left, top } = pane.getBoundingClientRect();
  // Relative to the document, so that scrolling changes nothing. Scroll offsets are whole device pixels.
  return { left: left + scrollX, top: top + scrollY, width: pane.clientWidth, height: pane.clientHeight };
}
