/**
 * The very frame that a call of `requestVideoFrameCallback` speaks of.
 *
 * On a busy machine the call comes late, and what the video shows by then is a newer frame: it is kept until its own
 * call comes. The two are told apart by their media time, which both carry.
 */

/** After as many calls of which none spoke of a frame at hand, what is there is shown: better late than never. */
const MAX_MISSES = 10;

/** Half of WebCodecs' microsecond, and what a double of seconds loses. */
const SAME_US = 1;

/**
 * @typedef {object} Presented
 * @property {VideoFrame | HTMLVideoElement} frame a frame is closed by whoever takes it
 * @property {boolean} sure whether it is the frame that the metadata speak of
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
   * @returns {Presented | null} null where the frame is gone
   */
  take(mediaTime) {
    const current = mediaTime === undefined ? null : grabbed(this.#video);
    if (!current || mediaTime === undefined) return this.#unsure();
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

/** @param {HTMLVideoElement} video @returns {VideoFrame | null} null where the browser has none, or no such thing */
function grabbed(video) {
  if (typeof VideoFrame === 'undefined') return null;
  try {
    return new VideoFrame(video);
  } catch {
    return null; // before the first frame
  }
}
