/** The last report of the server. @import {ServerStats} from '../call/protocol.js' */

/** The server reports once a second: a report that is three seconds old is out of date. */
const STALE_MS = 3_000;

export class LastReport {
  /** Also while it is out of date; null before the first and after `forget`. @type {ServerStats | null} */
  stats = null;
  #at = 0;
  #onForget;

  /** @param {() => void} onForget the report is out of date, or of a session that has ended */
  constructor(onForget) {
    this.#onForget = onForget;
  }

  /** @param {ServerStats} stats */
  note(stats) {
    this.stats = stats;
    this.#at = performance.now();
  }

  /** @returns {ServerStats | null} null if it is out of date */
  get fresh() {
    if (this.stats && performance.now() - this.#at > STALE_MS) this.forget();
    return this.stats;
  }

  forget() {
    this.stats = null;
    this.#onForget();
  }
}
