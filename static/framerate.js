/**
 * Frame rates as this browser measures them.
 * Counts of frames are compared, not callbacks counted: a callback that a busy page missed costs no frame.
 */

/** Long enough for a steady figure, short enough to see a change. */
const WINDOW_MS = 2_000;

/** Below this span two counts say little. */
const SPAN_MS = 500;

/** After this long without a frame the silence counts too, and the rate falls. */
const SILENCE_MS = 500;

/** Anything that knows a frame rate. @typedef {{read: (now: number) => number | null}} Meter */

/** Frames a second from a running count of frames, over a sliding window. @implements {Meter} */
export class SlidingRate {
  /** @type {{at: number, count: number}[]} */
  #samples = [];

  /**
   * @param {number} at milliseconds
   * @param {number} count frames so far
   */
  add(at, count) {
    const last = this.#samples.at(-1);
    if (last && count < last.count) this.#samples = [];
    this.#samples.push({ at, count });
    this.#forget(at); // nobody may ever read it
  }

  /**
   * @param {number} now on the clock of `add`
   * @returns {number | null} null as long as too little was seen
   */
  read(now) {
    const last = this.#samples.at(-1);
    if (!last) return null;
    if (now - last.at > WINDOW_MS) return 0;
    this.#forget(now);
    const first = this.#samples[0] ?? last;
    const end = now - last.at > SILENCE_MS ? now : last.at;
    const span = end - first.at;
    return span < SPAN_MS ? null : ((last.count - first.count) * 1000) / span;
  }

  /** @param {number} now */
  #forget(now) {
    const first = this.#samples.findIndex(({ at }) => now - at <= WINDOW_MS);
    this.#samples.splice(0, first < 0 ? this.#samples.length : first);
  }
}

/** @param {HTMLVideoElement} video */
export function countsPresented(video) {
  return 'requestVideoFrameCallback' in video;
}

/**
 * Frames that the browser handed to the screen.
 * @param {HTMLVideoElement} video for which `countsPresented` holds
 * @param {AbortSignal} signal ends the counting
 * @returns {Meter}
 */
export function presentedRate(video, signal) {
  const rate = new SlidingRate();
  /** @type {VideoFrameRequestCallback} */
  const onFrame = (now, { presentedFrames }) => {
    rate.add(now, presentedFrames);
    handle = video.requestVideoFrameCallback(onFrame);
  };
  let handle = video.requestVideoFrameCallback(onFrame);
  signal.addEventListener('abort', () => video.cancelVideoFrameCallback(handle));
  return rate;
}
