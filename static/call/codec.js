/** Choice of the video codec. */

/** @typedef {'auto' | 'H264' | 'VP8'} CodecChoice */

/** Formats that carry packets of another codec, such as retransmissions. */
const HELPERS = /^video\/(rtx|red|ulpfec|flexfec-03)$/i;

/**
 * Offers one codec only; 'auto' leaves the choice to browser and server.
 * @param {RTCRtpTransceiver} transceiver
 * @param {CodecChoice} codec
 */
export function chooseCodec(transceiver, codec) {
  const all = RTCRtpReceiver.getCapabilities('video')?.codecs ?? [];
  const wanted = all.filter(({ mimeType }) => mimeType.toLowerCase() === `video/${codec}`.toLowerCase());
  if (codec === 'auto' || wanted.length === 0 || !transceiver.setCodecPreferences) return;
  transceiver.setCodecPreferences([...wanted, ...all.filter(({ mimeType }) => HELPERS.test(mimeType))]);
}
