/** Distinguishes a broken network path from an unreachable server. */

/** Milliseconds without a byte after which the path is silent: media and reports arrive continuously. */
const SILENCE_MS = 1_000;

/**
 * @typedef {object} Path
 * @property {() => Promise<number>} received bytes received so far
 * @property {() => Promise<boolean>} answers whether the server answers over HTTP
 * @property {(ms: number) => Promise<void>} pause
 */

/**
 * Watches a silent path until packets arrive again, or until it is known to be broken: no packets arrive although the
 * server answers over HTTP. That happens when the address of one side changed, and does not recover by itself.
 * @param {Path} path
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether the path is broken; false also if the signal aborts
 */
export async function pathIsGone({ received, answers, pause }, signal) {
  for (let answered = false; !signal.aborted;) {
    const before = await received();
    await pause(SILENCE_MS);
    if (signal.aborted || await received() > before) return false;
    // One more interval after the answer, because a network that has just recovered needs a moment.
    if (answered) return true;
    answered = await answers();
  }
  return false;
}
