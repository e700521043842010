/**
 * Decodes a copy of the encoded frames before they are sent: the frames with their
 * coding losses, at their sent size.
 */
import { codecString } from './codec-string.js';

/** A decoder with a longer queue cannot catch up: it restarts at a keyframe. */
const MAX_QUEUED = 8;

/** Minimum interval between requested keyframes, because keyframes are large. */
const KEYFRAME_INTERVAL_MS = 5_000;

/** Maximum number of decoder failures: each costs a keyframe. */
const MAX_FAILURES = 3;

/**
 * @typedef {object} Sent
 * @property {number} timestamp RTP time stamp, as in the packets
 * @property {number} at when the encoder delivered it, in milliseconds since 1970
 * @property {VideoFrame | null} frame to be closed by the receiver; null if it could not be decoded
 */

export class SentDecoder {
  /** @type {VideoDecoder | null} */
  #decoder = null;
  /** @type {string | null} */
  #codec = null;
  /** Codecs that this browser cannot decode. @type {Set<string>} */
  #unsupported = new Set();
  /** Chunks that arrived while the support of the codec is being checked. @type {EncodedVideoChunk[] | null} */
  #held = null;
  /** Arrival of each frame in the decoder, by its time stamp. @type {Map<number, number>} */
  #arrivals = new Map();
  #needsKeyframe = true;
  #requestedAt = -Infinity;
  #failures = 0;
  #post;
  #requestKeyframe;

  /**
   * @param {(sent: Sent) => void} post called once for each frame
   * @param {() => void} requestKeyframe
   */
  constructor(post, requestKeyframe) {
    this.#post = post;
    this.#requestKeyframe = requestKeyframe;
  }

  /** @param {RTCEncodedVideoFrame} frame */
  take(frame) {
    const { timestamp, type, data } = frame;
    const at = performance.timeOrigin + performance.now();
    if (type === 'key') this.#begin(codecString(new Uint8Array(data)));
    if (!this.#accepts(at)) {
      this.#post({ timestamp, at, frame: null });
      return;
    }
    this.#arrivals.set(timestamp, at);
    const chunk = new EncodedVideoChunk({ type: type === 'key' ? 'key' : 'delta', timestamp, data });
    if (this.#held) this.#held.push(chunk);
    else this.#decoder?.decode(chunk);
  }

  /** @param {number} now @returns {boolean} whether a frame can be decoded now; requests a keyframe if one helps */
  #accepts(now) {
    if (this.#codec === null || this.#unsupported.has(this.#codec)) return false;
    const queued = this.#held?.length ?? this.#decoder?.decodeQueueSize ?? 0;
    if (queued >= MAX_QUEUED) this.#needsKeyframe = true;
    const ready = this.#held !== null || this.#decoder?.state === 'configured';
    if (ready && !this.#needsKeyframe) return true;
    if (now - this.#requestedAt >= KEYFRAME_INTERVAL_MS) {
      this.#requestedAt = now;
      this.#requestKeyframe();
    }
    return false;
  }

  /** @param {string | null} codec of the next keyframe; null if it has no codec string */
  #begin(codec) {
    const goesOn = codec === this.#codec && (this.#held !== null || this.#decoder?.state === 'configured');
    this.#needsKeyframe = false;
    if (goesOn) return;
    this.#release();
    if (codec !== this.#codec) this.#failures = 0;
    this.#codec = codec;
    if (codec !== null && !this.#unsupported.has(codec)) this.#open(codec);
  }

  /** @param {string} codec */
  async #open(codec) {
    // In software: a hardware decoder has few buffers and stalls while the page keeps their frames.
    /** @type {VideoDecoderConfig} */
    const config = { codec, optimizeForLatency: true, hardwareAcceleration: 'prefer-software' };
    /** @type {EncodedVideoChunk[]} */
    const held = [];
    this.#held = held;
    const { supported } = await VideoDecoder.isConfigSupported(config).catch(() => ({ supported: false }));
    if (this.#held !== held) return; // the codec changed meanwhile
    this.#held = null;
    if (!supported) {
      this.#giveUp(codec);
      return;
    }
    const decoder = new VideoDecoder({ output: (frame) => this.#output(frame), error: () => this.#fail(decoder) });
    this.#decoder = decoder;
    decoder.configure(config);
    for (const chunk of held) decoder.decode(chunk);
  }

  /** @param {VideoFrame} frame */
  #output(frame) {
    const { timestamp } = frame;
    const at = this.#arrivals.get(timestamp) ?? performance.timeOrigin + performance.now();
    // Frames are output in order: the decoder has lost earlier ones.
    for (const earlier of this.#arrivals.keys()) {
      this.#arrivals.delete(earlier);
      if (earlier === timestamp) break;
    }
    this.#failures = 0;
    this.#post({ timestamp, at, frame });
  }

  /** @param {VideoDecoder} decoder that has closed itself */
  #fail(decoder) {
    if (this.#decoder !== decoder) return;
    this.#needsKeyframe = true;
    this.#failures++;
    if (this.#failures >= MAX_FAILURES && this.#codec !== null) this.#giveUp(this.#codec);
  }

  /** @param {string} codec */
  #giveUp(codec) {
    this.#unsupported.add(codec);
    this.#release();
  }

  #release() {
    if (this.#decoder && this.#decoder.state !== 'closed') this.#decoder.close();
    this.#decoder = null;
    this.#held = null;
    this.#arrivals.clear();
  }
}
