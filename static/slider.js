/**
 * A slider over a list of values; the current one is shown as text and announced by screen readers.
 */
import { element, write } from './dom.js';

/** @template T */
export class Slider {
  #input;
  #output;
  #stops;
  #words;

  /**
   * @param {string} id of the input; its output is `${id}-value`
   * @param {readonly T[]} stops
   * @param {(stop: T) => string} words
   * @param {(stop: T) => void} onChange
   */
  constructor(id, stops, words, onChange) {
    this.#input = element(id, HTMLInputElement);
    this.#output = element(`${id}-value`, HTMLOutputElement);
    this.#stops = stops;
    this.#words = words;
    Object.assign(this.#input, { min: '0', max: String(stops.length - 1), step: '1' });
    this.#input.addEventListener('input', () => {
      this.refresh();
      onChange(this.value);
    });
  }

  get value() {
    return /** @type {T} */ (this.#stops[Number(this.#input.value)]);
  }

  set value(stop) {
    this.#input.value = String(Math.max(this.#stops.indexOf(stop), 0));
    this.refresh();
  }

  /** Shows the current value again, after a change of the language. */
  refresh() {
    const words = this.#words(this.value);
    this.#input.ariaValueText = words;
    write(this.#output, words);
  }
}
