/** Opens one device at a time: the latest request wins, regardless of the order in which the browser grants them. */

/**
 * @template T what is opened
 */
export class Latest {
  /** @type {AbortController | null} */
  #request = null;
  /** @type {Promise<T | null>} */
  #opening = Promise.resolve(null);
  #close;

  /** @param {(opened: T) => void} close releases what was opened for a request that is no longer the latest */
  constructor(close) {
    this.#close = close;
  }

  /**
   * @param {(signal: AbortSignal) => Promise<T>} open rejects on failure; the signal aborts when a later request
   *   is made
   * @returns {Promise<T | null>} what the latest request opened, also for an earlier request; null after `cancel()`.
   *   Rejects if the latest request does.
   */
  open(open) {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    /** @type {Promise<void>} */
    const superseded = new Promise((resolve) => request.signal.addEventListener('abort', () => resolve()));
    // An open permission prompt must not block an earlier request: it settles with the later one.
    this.#opening = Promise.race([this.#run(open, request.signal), superseded.then(() => this.#opening)]);
    return this.#opening;
  }

  /** Cancels the request; a device that opens later is closed. */
  cancel() {
    this.#request?.abort();
    this.#request = null;
    this.#opening = Promise.resolve(null);
  }

  /**
   * @param {(signal: AbortSignal) => Promise<T>} open
   * @param {AbortSignal} signal
   * @returns {Promise<T | null>}
   */
  async #run(open, signal) {
    try {
      const opened = await open(signal);
      if (!signal.aborted) return opened;
      this.#close(opened);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    return this.#opening; // of the later request
  }
}
