/**
 * Pointer, pinch, wheel and double click on the stage. One finger scrolls the page, so that the video is no trap; two
 * fingers zoom and pan, as does a wheel with Ctrl, which is what a pinch on a touchpad sends.
 */

/** Change of the distance of two fingers that is one step of the zoom. */
const PINCH = 1.35;

/** Sum of `deltaY` that is one step of the zoom: less than a notch of a mouse wheel, several events of a touchpad. */
const WHEEL = 40;

/** CSS pixels. @typedef {[x: number, y: number]} Point */

/**
 * @typedef {object} GestureEvents
 * @property {(by: Point) => void} onPan
 * @property {(by: 1 | -1, at: Point) => void} onStep zooms in or out at a point of the screen
 * @property {(at: Point) => void} onToggle between the whole frame and a part of it
 */

export class Gestures {
  /** Pointers that are down, by their id. @type {Map<number, Point>} */
  #pointers = new Map();
  /** Distance of two fingers at the last step. */
  #distance = 0;
  #wheel = 0;
  #on;

  /** @param {HTMLElement} region @param {GestureEvents} on */
  constructor(region, on) {
    this.#on = on;
    region.addEventListener('pointerdown', (event) => this.#down(region, event));
    region.addEventListener('pointermove', (event) => this.#move(event));
    for (const end of /** @type {const} */ (['pointerup', 'pointercancel'])) {
      region.addEventListener(end, ({ pointerId }) => this.#pointers.delete(pointerId));
    }
    region.addEventListener('wheel', (event) => this.#turn(event), { passive: false });
    region.addEventListener('dblclick', (event) => {
      const onDivider = event.target instanceof Element && event.target.closest('[role="slider"]');
      if (!onDivider) on.onToggle([event.clientX, event.clientY]);
    });
  }

  /** @param {HTMLElement} region @param {PointerEvent} event */
  #down(region, event) {
    if (event.button !== 0 || event.defaultPrevented) return;
    this.#pointers.set(event.pointerId, [event.clientX, event.clientY]);
    region.setPointerCapture(event.pointerId);
    this.#distance = this.#spread();
  }

  /** @param {PointerEvent} event */
  #move({ pointerId, clientX, clientY }) {
    const before = this.#pointers.get(pointerId);
    if (!before) return;
    const count = this.#pointers.size;
    this.#pointers.set(pointerId, [clientX, clientY]);
    // Each of two fingers moves the middle by half of its own way.
    this.#on.onPan([(before[0] - clientX) / count, (before[1] - clientY) / count]);
    if (count !== 2) return;
    const spread = this.#spread();
    const by = spread > this.#distance * PINCH ? 1 : spread < this.#distance / PINCH ? -1 : null;
    if (by === null) return;
    this.#distance = spread;
    this.#on.onStep(by, this.#middle());
  }

  #spread() {
    const [a, b] = [...this.#pointers.values()];
    return a && b ? Math.hypot(a[0] - b[0], a[1] - b[1]) : 0;
  }

  /** @returns {Point} */
  #middle() {
    const points = [...this.#pointers.values()];
    const [x, y] = points.reduce((sum, point) => [sum[0] + point[0], sum[1] + point[1]], [0, 0]);
    return [x / points.length, y / points.length];
  }

  /** @param {WheelEvent} event */
  #turn(event) {
    if (!event.ctrlKey) return;
    event.preventDefault();
    this.#wheel += event.deltaY;
    if (Math.abs(this.#wheel) < WHEEL) return;
    this.#on.onStep(this.#wheel < 0 ? 1 : -1, [event.clientX, event.clientY]);
    this.#wheel = 0;
  }
}
