/**
 * Decides when to retry a call that failed to connect or was lost.
 * @import {CallError, ErrorCode} from './call-error.js'
 */

/** Pause at a full server that sends no Retry-After. */
const FULL_S = 5;
const FIRST_S = 1;
const MAX_PAUSE_S = 30;

/** About four minutes: a server that restarts is back by then. */
const MAX_FAILURES = 10;

/** Errors that may be transient. @type {readonly ErrorCode[]} */
const TRANSIENT = ['server-unreachable', 'connection-lost', 'network-changed', 'server-closed'];

/** Counts consecutive failures and computes the pause after each. */
export class Retries {
  #failures = 0;
  #random;

  /** @param {() => number} random from 0 up to 1 */
  constructor(random = Math.random) {
    this.#random = random;
  }

  /** Resets the count, after the server was reached. */
  reset() {
    this.#failures = 0;
  }

  /**
   * @param {CallError} failure that ended the last attempt
   * @returns {number | null} seconds to wait; null if the user has to decide
   */
  pauseAfter(failure) {
    if (failure.code === 'full') {
      this.reset(); // the server answered
      return Math.max(failure.retryAfter ?? FULL_S, 1);
    }
    if (!TRANSIENT.includes(failure.code) || ++this.#failures > MAX_FAILURES) return null;
    // Only this page lost the connection, so the pause need not be random.
    if (failure.code === 'network-changed' && this.#failures === 1) return 0;
    // Random, so that pages that lost the same server do not all reconnect at the same moment.
    const longest = Math.min(FIRST_S * 2 ** this.#failures, MAX_PAUSE_S);
    return Math.round(longest * (0.75 + 0.25 * this.#random()));
  }
}
