/**
 * Frames per second from a running count of frames, over the last two seconds.
 * Counts of frames are compared, not callbacks counted: a callback that a busy page missed costs no frame.
 */
import { SlidingWindow } from './sliding-window.js';

/** Long enough for a steady figure, short enough to see a change. */
const WINDOW_MS = 2_000;

/** Below this span two counts say little. */
const MIN_SPAN_MS = 500;

/** After this long without a frame the silence counts too, and the rate falls. */
const SILENCE_MS = 500;

export class SlidingRate {
  /** @type {SlidingWindow<number>} */
  #counts = new SlidingWindow(WINDOW_MS);

  /**
   * @param {number} at milliseconds
   * @param {number} count frames so far
   */
  add(at, count) {
    if (count < (this.#counts.last?.value ?? 0)) this.#counts.clear();
    this.#counts.add(at, count);
  }

  /**
   * @param {number} now on the clock of `add`
   * @returns {number | null} null as long as too little was seen
   */
  read(now) {
    const { last } = this.#counts;
    if (!last) return null;
    if (now - last.at > WINDOW_MS) return 0;
    const first = this.#counts.read(now)[0] ?? last;
    const end = now - last.at > SILENCE_MS ? now : last.at;
    const span = end - first.at;
    return span < MIN_SPAN_MS ? null : ((last.value - first.value) * 1000) / span;
  }
}
