/**
 * The divider between original and enhanced frame: a slider for mouse, touch and keyboard.
 */
/** Steps in percent of the width. */
const STEPS = new Map([
  ['ArrowLeft', -2], ['ArrowRight', 2], ['ArrowDown', -2], ['ArrowUp', 2], ['PageDown', -10], ['PageUp', 10],
]);
const [MIN, MAX] = [0, 100];

export class Divider {
  #slider;
  #region;
  #position = 50;

  /**
   * @param {HTMLElement} slider with the ARIA role
   * @param {HTMLElement} region that it divides
   */
  constructor(slider, region) {
    this.#slider = slider;
    this.#region = region;
    slider.addEventListener('keydown', (event) => this.#press(event));
    slider.addEventListener('pointerdown', (event) => this.#drag(event));
    this.position = this.#position;
  }

  /** Percent of the width that shows the original. */
  get position() {
    return this.#position;
  }

  set position(percent) {
    this.#position = Math.min(Math.max(percent, MIN), MAX);
    this.#region.style.setProperty('--divider', `${this.#position}%`);
    this.#slider.ariaValueNow = String(Math.round(this.#position));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const step = STEPS.get(event.key);
    if (step !== undefined) this.position += step;
    else if (event.key === 'Home') this.position = MIN;
    else if (event.key === 'End') this.position = MAX;
    else return;
    event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (event.button !== 0) return;
    event.preventDefault(); // do not pan the frame below
    const slider = this.#slider;
    const over = new AbortController();
    const { signal } = over;
    slider.focus();
    slider.setPointerCapture(event.pointerId);
    slider.addEventListener('pointermove', ({ clientX }) => {
      const { left, width } = this.#region.getBoundingClientRect();
      this.position = ((clientX - left) / width) * 100;
    }, { signal });
    for (const end of ['pointerup', 'pointercancel']) slider.addEventListener(end, () => over.abort(), { signal });
  }
}
