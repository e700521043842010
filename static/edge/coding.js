/**
 * How the frames that arrive were coded: quantiser step and bits per pixel, from the browser's statistics. They are
 * means of the last second, where the server reads the quantiser of each frame.
 */

/** @typedef {{step: number, bits: number}} Coding */

/** Before the first statistics, and where there are none: a frame that was not coded, which a student leaves alone. */
export const UNCODED = { step: 0, bits: 0 };

/** RFC 6386, section 14.1: the AC step for each quantiser index, as differences. */
const VP8_STEPS = [[4, 1, 55], [60, 2, 29], [119, 3, 13], [158, 3, 6], [177, 4, 14]];

/** The last indices, whose differences are irregular. */
const VP8_LAST = [234, 239, 245, 249, 254, 259, 264, 269, 274, 279, 284];

const VP8 = [
  ...VP8_STEPS.flatMap(([first = 0, step = 0, count = 0]) => Array.from({ length: count }, (_, i) => first + step * i)),
  ...VP8_LAST,
];

/**
 * Counters of the receiver.
 * @typedef {object} Count
 * @property {number} frames that were decoded
 * @property {number} bits of the frames
 * @property {number} quantised frames of `quantisers`
 * @property {number | null} quantisers sum over frames; null in a browser that does not report it
 * @property {string} codec such as video/VP8
 * @property {number} pixels of a frame
 */

/** Codings of the frames of a receiver, between one call of `read` and the next. */
export class Codings {
  /** @type {Count | null} */
  #last = null;

  /**
   * @param {RTCRtpReceiver} receiver
   * @param {RTCRtpSender | null} sender of the same frames, if the server forwards them: Firefox reports the quantiser
   *   of sent frames only
   * @returns {Promise<Coding | null>} null if no frame was decoded in between
   */
  async read(receiver, sender) {
    const before = this.#last;
    const now = this.#last = countOf(await receiver.getStats(), await sender?.getStats());
    return before && now ? codingBetween(before, now) : null;
  }
}

/**
 * @param {RTCStatsReport} received
 * @param {RTCStatsReport | undefined} sent
 * @returns {Count | null} null before the first frame
 */
function countOf(received, sent) {
  const video = videoOf(received, 'inbound-rtp');
  if (!video?.framesDecoded) return null;
  const { framesDecoded: frames, bytesReceived = 0, frameWidth = 0, frameHeight = 0 } = video;
  const codec = [.../** @type {Iterable<Record<string, any>>} */ (received.values())]
    .find(({ id }) => id === video.codecId)?.mimeType ?? '';
  const coded = video.qpSum === undefined && sent ? videoOf(sent, 'outbound-rtp') : video;
  return {
    frames,
    bits: 8 * bytesReceived,
    quantised: coded?.framesEncoded ?? frames,
    quantisers: coded?.qpSum ?? null,
    codec,
    pixels: frameWidth * frameHeight,
  };
}

/** @param {RTCStatsReport} report @param {string} wanted @returns {Record<string, any> | undefined} */
function videoOf(report, wanted) {
  return [.../** @type {Iterable<Record<string, any>>} */ (report.values())]
    .find(({ type, kind }) => type === wanted && kind === 'video');
}

/** @param {Count} before @param {Count} now @returns {Coding | null} null if no frame was decoded in between */
function codingBetween(before, now) {
  const frames = now.frames - before.frames;
  if (frames <= 0 || now.pixels === 0) return null;
  const quantised = now.quantised - before.quantised;
  const known = now.quantisers !== null && before.quantisers !== null && quantised > 0;
  const quantiser = ((now.quantisers ?? 0) - (before.quantisers ?? 0)) / quantised;
  return {
    step: known ? stepOf(now.codec, quantiser) : UNCODED.step,
    bits: (now.bits - before.bits) / (frames * now.pixels),
  };
}

/**
 * @param {string} codec
 * @param {number} quantiser index in the codec's own scale
 * @returns {number} step in grey levels of an orthonormal transform: model/bitstream/quantiser.py
 */
function stepOf(codec, quantiser) {
  if (codec.endsWith('VP8')) return (VP8[Math.min(Math.round(quantiser), VP8.length - 1)] ?? 0) / 2;
  return 0.625 * 2 ** (quantiser / 6);
}
