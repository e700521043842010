/** Tells a network path that is gone from a server that is gone. */

/** The server reports once a second, and media flow all the time: this long without a byte is a silence. */
const SILENCE_MS = 1_000;

/**
 * @typedef {object} Path
 * @property {() => Promise<number>} received bytes so far over the path
 * @property {() => Promise<boolean>} answers whether the server answers over HTTP
 * @property {(ms: number) => Promise<void>} pause
 */

/**
 * Watches a path until it carries something again, or is known to be gone: nothing arrives although the server
 * answers. That does not pass by itself: the address of one side changed.
 * @param {Path} path
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether the path is gone; false also where the signal aborts
 */
export async function pathIsGone({ received, answers, pause }, signal) {
  for (let answered = false; !signal.aborted;) {
    const before = await received();
    await pause(SILENCE_MS);
    if (signal.aborted || await received() > before) return false;
    // Once more after the answer: a network that has just come back needs a moment for both.
    if (answered) return true;
    answered = await answers();
  }
  return false;
}
