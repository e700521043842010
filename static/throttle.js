/**
 * Limits how often a function runs while it is called all the time: at once at first, then once in each interval,
 * and once more after the last call.
 * @param {() => void} run
 * @param {number} intervalMs
 * @returns {() => void}
 */
export function throttled(run, intervalMs) {
  let waiting = false;
  let called = false;
  const next = () => {
    waiting = called;
    if (!called) return;
    called = false;
    setTimeout(next, intervalMs);
    run();
  };
  return () => {
    called = true;
    if (!waiting) next();
  };
}
