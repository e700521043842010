/**
 * The WebCodecs codec string of an encoded stream (WebCodecs Codec Registry: AVC in Annex B form, VP8).
 */

/** Bytes searched for the parameter sets, which are at the start of a keyframe. */
const SEARCHED = 256;
const SEQUENCE_PARAMETER_SET = 7; // H.264, table 7-1

/**
 * @param {Uint8Array} keyframe of the encoder
 * @returns {string | null} null for other codecs, or an H.264 frame without parameter sets
 */
export function codecString(keyframe) {
  if (isVp8(keyframe)) return 'vp8';
  const at = parameterSet(keyframe);
  if (at === null || at + 3 >= keyframe.length) return null;
  // RFC 6381, section 3.3: profile, constraints and level as in the stream.
  const hex = [...keyframe.subarray(at + 1, at + 4)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `avc1.${hex.join('')}`;
}

/** @param {Uint8Array} frame of a keyframe: RFC 6386, section 9.1 */
function isVp8(frame) {
  return frame[3] === 0x9d && frame[4] === 0x01 && frame[5] === 0x2a;
}

/** @param {Uint8Array} frame @returns {number | null} index of the header of the first sequence parameter set */
function parameterSet(frame) {
  const end = Math.min(frame.length, SEARCHED);
  for (let i = 3; i < end; i++) {
    const starts = frame[i - 3] === 0 && frame[i - 2] === 0 && frame[i - 1] === 1;
    if (starts && ((frame[i] ?? 0) & 31) === SEQUENCE_PARAMETER_SET) return i;
  }
  return null;
}
