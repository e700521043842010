/**
 * Access to the encoded frames of a sender: RTCRtpScriptTransform passes them to a worker.
 * @import {Sent} from './sent-decoder.js'
 */

/** Whether this browser can show what it sends. */
export function canShowSent() {
  return typeof RTCRtpScriptTransform !== 'undefined' && typeof VideoDecoder !== 'undefined';
}

/**
 * @param {RTCRtpSender} sender of the original, before the connection is negotiated
 * @param {object} on
 * @param {(sent: Sent) => void} on.onSent called for each frame; `at` is on the clock of `performance.now()`
 * @param {() => void} on.onFailed the worker did not start or failed; frames are sent without it
 * @param {AbortSignal} signal ends it
 */
export function tapSender(sender, { onSent, onFailed }, signal) {
  const worker = new Worker(new URL('./sent-worker.js', import.meta.url), { type: 'module' });
  worker.addEventListener('message', ({ data }) => {
    const { timestamp, at, frame } = /** @type {Sent} */ (data);
    if (signal.aborted) frame?.close();
    else onSent({ timestamp, at: at - performance.timeOrigin, frame });
  });
  worker.addEventListener('error', (event) => {
    event.preventDefault();
    if (signal.aborted) return;
    sender.transform = null;
    worker.terminate();
    onFailed();
  });
  signal.addEventListener('abort', () => worker.terminate());
  sender.transform = new RTCRtpScriptTransform(worker);
}
