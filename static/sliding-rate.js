/**
 * Frames per second from a running count of frames, over the last two seconds.
 * It compares frame counts instead of counting callbacks, because a busy page misses callbacks.
 */
import { SlidingWindow } from './sliding-window.js';

/** Long enough for a steady figure, short enough to see a change. */
const WINDOW_MS = 2_000;

/** Minimum span between two counts for a rate. */
const MIN_SPAN_MS = 500;

/** After this time without a frame, the time since the last frame counts too, so that the rate falls. */
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
   * @returns {number | null} null until there are enough samples
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
