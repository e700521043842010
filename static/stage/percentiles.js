/** Percentiles of what was measured in the last seconds. @import {Spread} from '../call/protocol.js' */

const WINDOW_MS = 5_000;

export class RecentPercentiles {
  /** @type {{at: number, value: number}[]} */
  #samples = [];

  /** @param {number} at milliseconds @param {number} value */
  add(at, value) {
    this.#samples.push({ at, value });
    this.#forget(at);
  }

  /**
   * @param {number} now on the clock of `add`
   * @returns {Spread} nulls where nothing was measured lately
   */
  read(now) {
    this.#forget(now);
    const values = this.#samples.map(({ value }) => value).sort((a, b) => a - b);
    /** @param {number} share */
    const at = (share) => values[Math.ceil(share * values.length) - 1] ?? null;
    return { p50: at(0.5), p95: at(0.95) };
  }

  /** @param {number} now */
  #forget(now) {
    const first = this.#samples.findIndex(({ at }) => now - at <= WINDOW_MS);
    this.#samples.splice(0, first < 0 ? this.#samples.length : first);
  }
}
