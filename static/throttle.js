/**
 * Limits how often a function runs: at once on the first call, then once per interval, and after the last call.
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
