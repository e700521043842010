/** Camera and microphone of the page that publishes. */
import { CallError } from '../call/call-error.js';
import { DEFAULT_FRAMERATE, openCamera } from '../sources/camera.js';
import { Microphone } from '../sources/microphone.js';

/** @type {[number, number]} */
const SIZE = [1280, 720];

/**
 * @param {AbortSignal} signal stops the tracks if it aborts while a device opens
 * @returns {Promise<MediaStream>} with a camera and, where one is allowed, a microphone
 */
export async function openMedia(signal) {
  const camera = await openCamera({
    kind: 'camera', deviceId: '', file: null, size: SIZE, framerate: DEFAULT_FRAMERATE,
  });
  const microphone = new Microphone({ onTrack: () => {}, onLost: () => {} });
  await microphone.open().catch(() => {}); // a stream without audio is one, too
  const tracks = [camera.track, ...(microphone.track ? [microphone.track] : [])];
  if (signal.aborted) {
    for (const track of tracks) track.stop();
    throw new CallError('unexpected');
  }
  return new MediaStream(tracks);
}
