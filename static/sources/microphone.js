/**
 * The microphone: opened when it is switched on, let go of when it is switched off.
 */
import { Trouble } from '../call/trouble.js';
import { mediaDevices } from './camera.js';

/** @returns {Promise<MediaStreamTrack>} */
export async function openMicrophone() {
  try {
    // What comes back from the server, played aloud, would go in again: the browser takes it out.
    const stream = await mediaDevices().getUserMedia({ audio: { echoCancellation: true } });
    const [track] = stream.getAudioTracks();
    if (!track) throw new Error();
    return track;
  } catch (error) {
    if (error instanceof Trouble) throw error;
    const { name, message } = /** @type {DOMException} */ (error);
    throw new Trouble(name === 'NotAllowedError' ? 'microphone-denied' : 'microphone-failed', { detail: message });
  }
}
