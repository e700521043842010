/**
 * Settles as `promise` does, unless `ms` pass first or `signal` aborts: then it rejects.
 * @template T
 * @param {Promise<T>} promise
 * @param {number} ms
 * @param {() => Error} late makes the error for when the time is over
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
