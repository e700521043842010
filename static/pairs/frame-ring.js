/**
 * The last sent frames, until the returned frame of each is shown.
 * @import {Sent} from './sent-decoder.js'
 */

/** Two seconds at 30 frames/s; with a longer round trip the nearest frame is shown. */
const MAX_FRAMES = 60;

/** As planar 4:2:0: 0.7 s of 1080p. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * Difference `a - b` of two RTP time stamps in ticks of 90 kHz, which wrap at 2^32 (RFC 3550, section 5.1).
 * @param {number} a
 * @param {number} b
 */
function ahead(a, b) {
  return (a - b) | 0;
}

/** Owns its frames; the caller must close the frames that it takes. */
export class FrameRing {
  /** Oldest first. @type {Sent[]} */
  #kept = [];

  /** @param {Sent} sent */
  add(sent) {
    this.#kept.push(sent);
    while (this.#kept.length > MAX_FRAMES || (this.#kept.length > 1 && this.#bytes() > MAX_BYTES)) {
      this.#kept.shift()?.frame?.close();
    }
  }

  /**
   * Takes the frame with this time stamp, or the nearest earlier one, and drops all before it.
   * @param {number} timestamp
   * @returns {{sent: Sent, exact: boolean} | null} null if all frames are later
   */
  take(timestamp) {
    const count = this.#kept.findLastIndex((sent) => ahead(timestamp, sent.timestamp) >= 0) + 1;
    const taken = this.#kept.splice(0, count);
    const sent = taken.pop();
    for (const { frame } of taken) frame?.close();
    return sent ? { sent, exact: sent.timestamp === timestamp } : null;
  }

  /** Takes the newest frame and drops all others. @returns {Sent | null} */
  takeNewest() {
    const newest = this.#kept.at(-1);
    return newest ? this.take(newest.timestamp)?.sent ?? null : null;
  }

  clear() {
    for (const { frame } of this.#kept) frame?.close();
    this.#kept = [];
  }

  #bytes() {
    return this.#kept.reduce((sum, { frame }) => sum + (frame ? frame.codedWidth * frame.codedHeight * 1.5 : 0), 0);
  }
}
