/**
 * When a call that did not connect, or was lost, is tried again.
 * @import {CallError, ErrorCode} from './call-error.js'
 */

/** Pause before a full server that names no time is asked again. */
const FULL_S = 5;
const FIRST_S = 1;
const MAX_PAUSE_S = 30;

/** About four minutes: a server that restarts is back by then. */
const MAX_FAILURES = 10;

/** What may go away by itself. @type {readonly ErrorCode[]} */
const TRANSIENT = ['server-unreachable', 'connection-lost', 'network-changed', 'server-closed'];

/** Counts the failures in a row. */
export class Retries {
  #failures = 0;
  #random;

  /** @param {() => number} random from 0 up to 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** The server was reached: whatever failed before is over. */
  reset() {
    this.#failures = 0;
  }

  /**
   * @param {CallError} failure that ended the last try
   * @returns {number | null} seconds to wait; null where trying again is for the user to decide
   */
  pauseAfter(failure) {
    if (failure.code === 'full') {
      this.reset(); // it answered
      return Math.max(failure.retryAfter ?? FULL_S, 1);
    }
    if (!TRANSIENT.includes(failure.code) || ++this.#failures > MAX_FAILURES) return null;
    // The server is there, and only this page lost it: nobody else comes back in the same moment.
    if (failure.code === 'network-changed' && this.#failures === 1) return 0;
    // Pages that lost the same server do not all come back in the same moment.
    const longest = Math.min(FIRST_S * 2 ** this.#failures, MAX_PAUSE_S);
    return Math.round(longest * (0.75 + 0.25 * this.#random()));
  }
}
