/**
 * The last frames that were sent, until the server's answer to each is on the screen.
 * @import {Sent} from './sent-decoder.js'
 */

/** Two seconds at 30 frames/s: a worse line shows the nearest one. */
const MAX_FRAMES = 60;

/** Of planar 4:2:0. 1080p then keeps 0.7 s. */
const MAX_BYTES = 64 * 1024 * 1024;

/**
 * How far time stamp `a` is ahead of `b`, in ticks of 90 kHz. They wrap at 2^32 (RFC 3550, section 5.1).
 * @param {number} a
 * @param {number} b
 */
function ahead(a, b) {
  return (a - b) | 0;
}

/** Owns the frames it holds; whoever takes one closes it. */
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
   * Gives the frame of this time stamp, else the nearest earlier one; forgets it and everything before.
   * @param {number} timestamp
   * @returns {{sent: Sent, exact: boolean} | null} null where everything kept is later
   */
  take(timestamp) {
    const count = this.#kept.findLastIndex((sent) => ahead(timestamp, sent.timestamp) >= 0) + 1;
    const taken = this.#kept.splice(0, count);
    const sent = taken.pop();
    for (const { frame } of taken) frame?.close();
    return sent ? { sent, exact: sent.timestamp === timestamp } : null;
  }

  /** Gives the newest; forgets all others. @returns {Sent | null} */
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
