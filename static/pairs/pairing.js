/**
 * Finds the original of each enhanced frame: the frame that was sent, by its RTP time stamp.
 *
 * The server returns a frame with its time stamp plus a constant, which it reports (`rtp_offset`); the browser gives
 * the time stamp of each presented frame (`VideoFrameCallbackMetadata.rtpTimestamp`).
 * @import {Sent} from './sent-decoder.js'
 */
import { FrameRing } from './frame-ring.js';
import { PresentedFrames } from './presented-frames.js';
import { followFrames } from './video-frames.js';

/** After this time without a decoded original the frame of the camera is shown instead. */
const SENT_SILENCE_MS = 2_000;

const TWO_32 = 2 ** 32;

/**
 * What is shown as the original of an enhanced frame: the same frame; the nearest earlier one; or the current frame of
 * the camera, before encoding.
 * @typedef {'exact' | 'near' | 'camera'} Match
 */

/**
 * Valid during the callback only.
 * @typedef {object} Pair
 * @property {VideoFrame | HTMLVideoElement | null} original null: the previous one stays
 * @property {VideoFrame | HTMLVideoElement | ImageBitmap} enhanced an ImageBitmap if this page has drawn it
 * @property {Match} match
 * @property {number} now milliseconds, on the clock of `performance.now()`: when the pair is drawn
 * @property {number | null} roundTrip milliseconds from the encoder to now; null without an exact match
 * @property {number | null} presented number of presented frames of the enhanced video
 */

export class Pairing {
  /** Returned minus sent time stamp, reported by the server; null before the first report. @type {number | null} */
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
      this.#ring.clear();
      this.#presented.clear();
    });
  }

  /** @param {Sent} sent with `at` on the clock of `performance.now()` */
  addSent(sent) {
    this.#ring.add(sent);
    if (sent.frame) this.#sentAt = sent.at;
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
