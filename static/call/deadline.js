/**
 * Limits the time of a promise: settles as `promise` does, or rejects after `ms` milliseconds or when `signal` aborts.
 * @template T
 * @param {Promise<T>} promise
 * @param {number} ms time limit
 * @param {() => Error} late creates the error to reject with after the time limit
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
export function within(promise, ms, late, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => settle(() => reject(late())), ms);
    const giveUp = () => settle(() => reject(signal.reason));
    /** @param {() => void} how */
    const settle = (how) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      how();
    };
    signal.addEventListener('abort', giveUp);
    promise.then((value) => settle(() => resolve(value)), (error) => settle(() => reject(error)));
    if (signal.aborted) giveUp();
  });
}
