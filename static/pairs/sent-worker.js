/**
 * Worker between encoder and network: passes each encoded frame on at once and unchanged, decodes a copy, and posts it
 * to the page as a `Sent`. Its first message says that it has started.
 */
import { observed } from './observed.js';
import { SentDecoder } from './sent-decoder.js';
/** @import {Sent} from './sent-decoder.js' */

/**
 * W3C WebRTC Encoded Transform, section 5; not in TypeScript's library for pages.
 * @typedef {object} Transformer
 * @property {ReadableStream<RTCEncodedVideoFrame>} readable
 * @property {WritableStream<RTCEncodedVideoFrame>} writable
 * @property {() => Promise<unknown>} [generateKeyFrame]
 */

/** @param {Sent} sent */
function post(sent) {
  self.postMessage(sent, { transfer: sent.frame ? [sent.frame] : [] });
}

self.addEventListener('rtctransform', (event) => {
  const { transformer } = /** @type {Event & {transformer: Transformer}} */ (event);
  // A browser that cannot request a keyframe waits for the next one.
  const decoder = new SentDecoder(post, () => void transformer.generateKeyFrame?.().catch(() => {}));
  transformer.readable.pipeThrough(observed((frame) => decoder.take(frame))).pipeTo(transformer.writable).catch(() => {
    // The connection was closed.
  });
});

self.postMessage('started');
