/**
 * Worker: sees every encoded frame between the encoder and the network, lets it go on at once and unchanged, and
 * decodes a copy. What comes out is the picture that was really sent, at the size at which it was sent.
 *
 * Each frame is posted as a `Sent`; `frame` is null where it could not be decoded.
 */
import { codecString } from './codec-string.js';

/** A decoder that is this far behind does not catch up: it begins anew at a keyframe. */
const MOST_WAITING = 8;

/** A keyframe asked for costs the call bits: not more often than this. */
const KEYFRAME_EVERY_MS = 5_000;

/**
 * W3C WebRTC Encoded Transform, section 5; not in TypeScript's library for pages.
 * @typedef {object} Transformer
 * @property {ReadableStream<RTCEncodedVideoFrame>} readable
 * @property {WritableStream<RTCEncodedVideoFrame>} writable
 * @property {() => Promise<unknown>} [generateKeyFrame]
 */

/**
 * @typedef {object} Sent
 * @property {number} timestamp of RTP, as it stands in the packets
 * @property {number} at milliseconds since 1970: when the encoder gave it
 * @property {VideoFrame | null} frame the receiver closes it
 */

class SentDecoder {
  /** @type {VideoDecoder | null} */
  #decoder = null;
  /** @type {string | null} */
  #codec = null;
  /** When each frame inside the decoder came, by the decoder's time. @type {Map<number, number>} */
  #came = new Map();
  #needsKeyframe = true;
  #askedAt = -Infinity;
  #askForKeyframe;

  /** @param {() => void} askForKeyframe */
  constructor(askForKeyframe) {
    this.#askForKeyframe = askForKeyframe;
  }

  /** @param {RTCEncodedVideoFrame} frame */
  take(frame) {
    const { timestamp, type } = frame;
    const at = performance.timeOrigin + performance.now();
    if (type === 'key') this.#begin(codecString(new Uint8Array(frame.data)));
    const decoder = this.#decoder;
    if (decoder && decoder.decodeQueueSize >= MOST_WAITING) this.#needsKeyframe = true;
    if (!decoder || decoder.state !== 'configured' || this.#needsKeyframe) {
      this.#wantKeyframe(at);
      post({ timestamp, at, frame: null });
      return;
    }
    this.#came.set(timestamp, at);
    decoder.decode(new EncodedVideoChunk({ type: type === 'key' ? 'key' : 'delta', timestamp, data: frame.data }));
  }

  /** @param {string | null} codec of the keyframe that comes now */
  #begin(codec) {
    this.#needsKeyframe = codec === null;
    if (codec === null || (codec === this.#codec && this.#decoder?.state === 'configured')) return;
    if (this.#decoder?.state !== 'closed') this.#decoder?.close();
    this.#came.clear();
    const decoder = new VideoDecoder({ output: (decoded) => this.#give(decoded), error: () => this.#fail(decoder) });
    // In software: a device's decoder has few pictures, and stands still while the page keeps them all.
    decoder.configure({ codec, optimizeForLatency: true, hardwareAcceleration: 'prefer-software' });
    this.#decoder = decoder;
    this.#codec = codec;
  }

  /** @param {VideoFrame} frame */
  #give(frame) {
    const { timestamp } = frame;
    const at = this.#came.get(timestamp) ?? performance.timeOrigin + performance.now();
    // Frames come out in their order: what is older was lost inside.
    for (const earlier of this.#came.keys()) {
      this.#came.delete(earlier);
      if (earlier === timestamp) break;
    }
    post({ timestamp, at, frame });
  }

  /** @param {VideoDecoder} decoder that has closed itself */
  #fail(decoder) {
    if (this.#decoder === decoder) this.#needsKeyframe = true;
  }

  /** @param {number} now */
  #wantKeyframe(now) {
    if (now - this.#askedAt < KEYFRAME_EVERY_MS) return;
    this.#askedAt = now;
    this.#askForKeyframe();
  }
}

/** @param {Sent} sent */
function post(sent) {
  self.postMessage(sent, { transfer: sent.frame ? [sent.frame] : [] });
}

/** @param {Transformer} transformer */
function watch(transformer) {
  const { readable, writable } = transformer;
  // A browser that cannot ask waits for the next keyframe that comes by itself.
  const decoder = new SentDecoder(() => void transformer.generateKeyFrame?.().catch(() => {}));
  const tee = new TransformStream({
    /** @param {RTCEncodedVideoFrame} frame @param {TransformStreamDefaultController} controller */
    transform(frame, controller) {
      try {
        decoder.take(frame);
      } finally {
        controller.enqueue(frame); // whatever happens here, the call goes on
      }
    },
  });
  readable.pipeThrough(tee).pipeTo(writable).catch(() => {
    // The connection was closed.
  });
}

self.addEventListener('rtctransform', (event) => {
  watch(/** @type {Event & {transformer: Transformer}} */ (event).transformer);
});
