/** Percentiles of the measurements of the last seconds. @import {Spread} from '../call/protocol.js' */
import { SlidingWindow } from '../sliding-window.js';

const WINDOW_MS = 5_000;

export class RecentPercentiles {
  /** @type {SlidingWindow<number>} */
  #samples = new SlidingWindow(WINDOW_MS);

  /** @param {number} at milliseconds @param {number} value */
  add(at, value) {
    this.#samples.add(at, value);
  }

  /**
   * @param {number} now on the clock of `add`
   * @returns {Spread} nulls without recent measurements
   */
  read(now) {
    const values = this.#samples.read(now).map(({ value }) => value).sort((a, b) => a - b);
    /** @param {number} share */
    const at = (share) => values[Math.ceil(share * values.length) - 1] ?? null;
    return { p50: at(0.5), p95: at(0.95) };
  }
}
