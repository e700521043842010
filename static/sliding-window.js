/**
 * Samples of the last milliseconds.
 * @template T
 */
export class SlidingWindow {
  /** @type {{at: number, value: T}[]} */
  #samples = [];
  #lengthMs;

  /** @param {number} lengthMs */
  constructor(lengthMs) {
    this.#lengthMs = lengthMs;
  }

  /** @param {number} at milliseconds, never less than before @param {T} value */
  add(at, value) {
    this.#samples.push({ at, value });
    this.#forget(at); // bounds the memory even if it is never read
  }

  /** @param {number} now on the clock of `add` @returns {readonly {at: number, value: T}[]} oldest first */
  read(now) {
    this.#forget(now);
    return this.#samples;
  }

  clear() {
    this.#samples = [];
  }

  get last() {
    return this.#samples.at(-1) ?? null;
  }

  /** @param {number} now */
  #forget(now) {
    const first = this.#samples.findIndex(({ at }) => now - at <= this.#lengthMs);
    this.#samples.splice(0, first < 0 ? this.#samples.length : first);
  }
}
