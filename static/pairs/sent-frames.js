/**
 * Access to the encoded frames of a sender: RTCRtpScriptTransform passes them to a worker.
 * @import {Sent} from './sent-decoder.js'
 */

/** Time limit for the start of the worker; it takes milliseconds. */
const START_MS = 2_000;

/** Whether this browser can show what it sends. */
export function canShowSent() {
  return typeof RTCRtpScriptTransform !== 'undefined' && typeof VideoDecoder !== 'undefined';
}

/**
 * Starts the worker. A sender must not get a worker that does not run: it would send no frames, and
 * Chromium does not restore the sender when the transform is removed.
 * @returns {Promise<Worker | null>} null if this browser cannot show what it sends, or the worker does not start
 */
export function startWorker() {
  if (!canShowSent()) return Promise.resolve(null);
  const worker = new Worker(new URL('./sent-worker.js', import.meta.url), { type: 'module' });
  return new Promise((resolve) => {
    const fail = () => {
      worker.terminate();
      resolve(null);
    };
    const timer = setTimeout(fail, START_MS);
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      clearTimeout(timer);
      fail();
    });
    worker.addEventListener('message', () => {
      clearTimeout(timer);
      resolve(worker);
    }, { once: true });
  });
}

/**
 * @param {RTCRtpSender} sender of the original, before the connection is negotiated
 * @param {Worker} worker that has started; it is terminated at the end
 * @param {(sent: Sent) => void} onSent called for each frame; `at` is on the clock of `performance.now()`
 * @param {AbortSignal} signal ends it
 */
export function tapSender(sender, worker, onSent, signal) {
  worker.addEventListener('message', ({ data }) => {
    const { timestamp, at, frame } = /** @type {Sent} */ (data);
    if (signal.aborted) frame?.close();
    else onSent({ timestamp, at: at - performance.timeOrigin, frame });
  });
  signal.addEventListener('abort', () => worker.terminate());
  sender.transform = new RTCRtpScriptTransform(worker);
}
