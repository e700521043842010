/**
 * Puts the original beside each enhanced frame: the very frame that was sent, found by its RTP time stamp.
 *
 * The server keeps a frame's time stamp but for a constant, which it reports (`rtp_offset`); the browser tells the
 * time stamp of each returned frame as it is presented (`VideoFrameCallbackMetadata.rtpTimestamp`).
 * @import {Sent} from './sent-decoder.js'
 */
import { FrameRing } from './frame-ring.js';
import { PresentedFrames } from './presented-frames.js';
import { followFrames } from './video-frames.js';

/** After this long without a decoded original the camera's own frame is shown instead. */
const SENT_SILENCE_MS = 2_000;

const TWO_32 = 2 ** 32;

/**
 * How the original beside an enhanced frame was found: the same frame; an earlier one, nearest in time; or the
 * camera's frame of this moment, which was never sent as it is.
 * @typedef {'exact' | 'near' | 'camera'} Match
 */

/**
 * Valid during the call that gets it.
 * @typedef {object} Pair
 * @property {VideoFrame | HTMLVideoElement | null} original null: the one that was last given still stands
 * @property {VideoFrame | HTMLVideoElement} enhanced
 * @property {Match} match
 * @property {number} now milliseconds, of `performance.now()`: when the pair is drawn
 * @property {number | null} roundTrip milliseconds from the encoder to this moment; null where nothing is exact
 * @property {number | null} presented how many frames of the enhanced video were presented so far
 */

export class Pairing {
  /** Returned less sent time stamp, as the server reports it; null until it does. @type {number | null} */
  offset = null;
  #ring = new FrameRing();
  #sentAt = -Infinity;
  #videos;
  #onPair;
  #presented;

  /**
   * @param {{original: HTMLVideoElement, enhanced: HTMLVideoElement}} videos
   * @param {(pair: Pair) => void} onPair
   */
  constructor(videos, onPair) {
    this.#videos = videos;
    this.#onPair = onPair;
    this.#presented = new PresentedFrames(videos.enhanced);
  }

  /** @param {AbortSignal} signal ends it */
  follow(signal) {
    followFrames(this.#videos.enhanced, (now, metadata) => this.#pair(now, metadata), signal);
    signal.addEventListener('abort', () => {
      this.forget();
      this.#presented.clear();
    });
  }

  /** @param {Sent} sent with `at` on the clock of `performance.now()` */
  addSent(sent) {
    this.#ring.add(sent);
    if (sent.frame) this.#sentAt = sent.at;
  }

  /** What was sent is not seen any more: from now on the original is the camera's. */
  forget() {
    this.#ring.clear();
    this.#sentAt = -Infinity;
  }

  /** @param {number} now @param {Partial<VideoFrameCallbackMetadata>} metadata */
  #pair(now, { mediaTime, rtpTimestamp, presentedFrames }) {
    const presented = this.#presented.take(mediaTime);
    if (!presented) return;
    const { frame, sure } = presented;
    const { sent = null, exact = false } = this.#take(rtpTimestamp) ?? {};
    const same = sure && exact;
    const showsSent = now - this.#sentAt < SENT_SILENCE_MS;
    try {
      this.#onPair({
        original: showsSent ? sent?.frame ?? null : this.#videos.original,
        enhanced: frame,
        match: showsSent ? (same && sent?.frame ? 'exact' : 'near') : 'camera',
        now,
        roundTrip: same && sent ? now - sent.at : null,
        presented: presentedFrames ?? null,
      });
    } finally {
      sent?.frame?.close();
      if (!(frame instanceof HTMLVideoElement)) frame.close();
    }
  }

  /** @param {number | undefined} returned time stamp */
  #take(returned) {
    if (returned !== undefined && this.offset !== null) {
      return this.#ring.take((returned - this.offset + TWO_32) % TWO_32);
    }
    const sent = this.#ring.takeNewest();
    return sent && { sent, exact: false };
  }
}
