/**
 * The frame that a callback of `requestVideoFrameCallback` describes.
 *
 * On a busy computer the callback is late, and the video shows a newer frame already: that one is kept for its own
 * callback. Frames and callbacks are matched by their media time.
 */

/** After this many callbacks without a matching frame, the video itself is shown. */
const MAX_MISSES = 10;

/** Rounding of WebCodecs' microseconds and of seconds as a double. */
const SAME_US = 1;

/**
 * @typedef {object} Presented
 * @property {VideoFrame | HTMLVideoElement} frame a VideoFrame has to be closed by the caller
 * @property {boolean} sure whether it is the frame that the metadata describe
 */

export class PresentedFrames {
  /** @type {VideoFrame | null} */
  #kept = null;
  #misses = 0;
  #video;

  /** @param {HTMLVideoElement} video */
  constructor(video) {
    this.#video = video;
  }

  /**
   * @param {number | undefined} mediaTime in seconds, of the metadata
   * @returns {Presented | null} null if the frame is no longer available
   */
  take(mediaTime) {
    const current = mediaTime === undefined ? null : grabbed(this.#video);
    if (!current || mediaTime === undefined) return this.#unsure();
    // Firefox 153 has no media time of streams: its callback describes the frame that the video shows.
    if (mediaTime === 0) return { frame: current, sure: true };
    const candidates = [current, this.#kept];
    const found = candidates.find((frame) => frame && Math.abs(frame.timestamp - mediaTime * 1e6) <= SAME_US) ?? null;
    if (this.#kept !== found) this.#kept?.close();
    this.#kept = found === current ? null : current;
    this.#misses = found ? 0 : this.#misses + 1;
    if (found) return { frame: found, sure: true };
    return this.#misses > MAX_MISSES ? this.#unsure() : null;
  }

  /** @returns {Presented} */
  #unsure() {
    return { frame: this.#video, sure: false };
  }

  clear() {
    this.#kept?.close();
    this.#kept = null;
    this.#misses = 0;
  }
}

/** @param {HTMLVideoElement} video @returns {VideoFrame | null} null before the first frame, or without WebCodecs */
function grabbed(video) {
  if (typeof VideoFrame === 'undefined') return null;
  try {
    return new VideoFrame(video);
  } catch {
    return null; // before the first frame
  }
}
