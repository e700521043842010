/**
 * What failed without ending the call: shown for a while below the state of the call.
 * @import {Status} from '../status.js'
 * @import {TextKey} from '../texts.js'
 * @import {Values} from '../translation.js'
 */

/** Long enough to read it; the message also stays beside the control. */
const SHOWN_MS = 10_000;

export class Notice {
  /** @type {{next: TextKey, values: Values} | null} */
  #shown = null;
  #timer = 0;
  #onChange;

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {TextKey} next @param {Values} [values] */
  show(next, values = {}) {
    clearTimeout(this.#timer);
    this.#shown = { next, values };
    this.#timer = setTimeout(() => this.clear(), SHOWN_MS);
    this.#onChange();
  }

  clear() {
    clearTimeout(this.#timer);
    this.#shown = null;
    this.#onChange();
  }

  /** @param {Status} status @returns {Status} with the notice in place of the next step */
  below(status) {
    const shown = this.#shown;
    return shown ? { ...status, next: shown.next, values: { ...status.values, ...shown.values } } : status;
  }
}
