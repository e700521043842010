/**
 * The microphone, opened when it is switched on and released when it is switched off.
 */
import { CallError } from '../call/call-error.js';
import { mediaDevices } from './camera.js';
import { Latest } from './latest.js';

/**
 * @typedef {object} MicrophoneEvents
 * @property {(track: MediaStreamTrack | null) => void} onTrack the track to send from now on; null for no audio
 * @property {() => void} onLost the device was unplugged or its permission withdrawn
 */

export class Microphone {
  /** The track to send. @type {MediaStreamTrack | null} */
  track = null;
  /** @type {Latest<MediaStreamTrack>} */
  #latest = new Latest((track) => track.stop());
  #deviceId = '';
  #on;

  /** @param {MicrophoneEvents} on */
  constructor(on) {
    this.#on = on;
  }

  /**
   * Opens the microphone, or another one. If `close()` is called before the browser grants it, it is released at once.
   * @param {string} [deviceId] '' for the browser's default
   * @returns {Promise<void>} rejects with a `CallError` if it does not open
   */
  async open(deviceId = '') {
    if (this.track && this.#deviceId === deviceId) return;
    const track = await this.#latest.open(() => openMicrophone(deviceId));
    if (!track || track === this.track) return;
    this.#deviceId = deviceId;
    this.track?.stop();
    // Fired when the device is unplugged or its permission withdrawn, not by stop().
    track.addEventListener('ended', () => {
      if (this.track !== track) return;
      this.close();
      this.#on.onLost();
    });
    this.track = track;
    this.#on.onTrack(track);
  }

  close() {
    this.#latest.cancel();
    if (!this.track) return;
    this.track.stop();
    this.track = null;
    this.#on.onTrack(null);
  }
}

/** @param {string} deviceId @returns {Promise<MediaStreamTrack>} */
async function openMicrophone(deviceId) {
  try {
    // Without echo cancellation the returned audio would be picked up again.
    const audio = { echoCancellation: true, ...(deviceId ? { deviceId: { ideal: deviceId } } : {}) };
    const stream = await mediaDevices().getUserMedia({ audio });
    const [track] = stream.getAudioTracks();
    if (!track) throw new Error();
    return track;
  } catch (error) {
    if (error instanceof CallError) throw error;
    const { name, message } = /** @type {DOMException} */ (error);
    throw new CallError(name === 'NotAllowedError' ? 'microphone-denied' : 'microphone-failed', { detail: message });
  }
}
