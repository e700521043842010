/** File formats that this browser can record, and the bit rate of a recording. */

/** @typedef {'mp4' | 'webm'} Container */

/** @typedef {{container: Container, mimeType: string}} Format */

/**
 * In order of preference. MP4 with H.264 plays everywhere; AAC in more players than Opus. High profile: the recorder
 * sets the level that the size needs. VP8 takes less processor time than VP9.
 * @type {Record<Container, {video: string, audioCodecs: string[]}[]>}
 */
const CODECS = {
  mp4: [
    { video: 'avc1.640034', audioCodecs: ['mp4a.40.2', 'opus'] },
    { video: 'avc1.42E034', audioCodecs: ['mp4a.40.2', 'opus'] },
  ],
  webm: [{ video: 'vp8', audioCodecs: ['opus'] }, { video: 'vp9', audioCodecs: ['opus'] }],
};

/** Enough not to add visible compression artefacts. */
const BITS_PER_PIXEL = 0.2;
const FRAME_RATE = 30;
const [MIN_BITRATE, MAX_BITRATE] = [1_500_000, 25_000_000];

/**
 * @param {boolean} withAudio
 * @param {(mimeType: string) => boolean} supported `MediaRecorder.isTypeSupported`
 * @returns {Format[]} one for each container that can be written, best first
 */
export function recordingFormats(withAudio, supported) {
  return /** @type {Container[]} */ (['mp4', 'webm']).flatMap((container) => {
    const types = CODECS[container].flatMap(({ video, audioCodecs }) => (withAudio ? audioCodecs : ['']).map(
      (audioCodec) => `video/${container};codecs="${audioCodec ? `${video},${audioCodec}` : video}"`,
    ));
    const mimeType = types.find(supported);
    return mimeType ? [{ container, mimeType }] : [];
  });
}

/** @param {number} width @param {number} height @returns {number} bit/s */
export function recordingBitrate(width, height) {
  const wanted = width * height * FRAME_RATE * BITS_PER_PIXEL;
  return Math.round(Math.min(Math.max(wanted, MIN_BITRATE), MAX_BITRATE));
}
