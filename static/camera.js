/**
 * Opens and lists cameras.
 * @import {Size} from './protocol.js'
 * @import {TroubleCode} from './trouble.js'
 */
import { Trouble } from './trouble.js';

/** @type {readonly Size[]} */
export const RESOLUTIONS = [[320, 180], [640, 360], [960, 540], [1280, 720], [1920, 1080]];

/** @type {Size} */
export const DEFAULT_RESOLUTION = [640, 360];

const FRAME_RATE = 30;

/** W3C Media Capture and Streams, 10.2: what getUserMedia rejects with. @type {Record<string, TroubleCode>} */
const TROUBLES = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'no-camera',
  OverconstrainedError: 'no-camera',
  NotReadableError: 'camera-busy',
  AbortError: 'camera-busy',
};

/**
 * Opens a camera as near to the wishes as it can: a camera that is gone is replaced by another, a size that it
 * does not have by the nearest. The page shows what it got.
 * @param {object} wishes
 * @param {string} wishes.deviceId '' for the browser's default
 * @param {Size} wishes.size
 * @param {AbortSignal} signal
 * @returns {Promise<MediaStream>} with one video track
 */
export async function openCamera({ deviceId, size: [width, height] }, signal) {
  const devices = mediaDevices();
  /** @type {MediaTrackConstraints} */
  const video = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: FRAME_RATE } };
  if (deviceId) video.deviceId = { ideal: deviceId };
  let stream;
  try {
    stream = await devices.getUserMedia({ video });
  } catch (error) {
    const { name, message } = /** @type {DOMException} */ (error);
    throw new Trouble(TROUBLES[name] ?? 'camera-failed', { detail: message });
  }
  // getUserMedia cannot be aborted: a camera that opens after Stop is closed again.
  if (signal.aborted) closeCamera(stream);
  signal.throwIfAborted();
  return stream;
}

/** @param {MediaStream} stream */
export function closeCamera(stream) {
  for (const track of stream.getTracks()) track.stop();
}

/** Cameras with their names; before the permission was given browsers tell neither. */
export async function listCameras() {
  const devices = await navigator.mediaDevices?.enumerateDevices() ?? [];
  return devices.filter(({ kind, deviceId }) => kind === 'videoinput' && deviceId !== '');
}

/** @param {() => void} listener called when a camera comes or goes */
export function onCamerasChange(listener) {
  navigator.mediaDevices?.addEventListener('devicechange', listener);
}

/** @returns {MediaDevices} */
function mediaDevices() {
  // Browsers leave it out on pages that are neither HTTPS nor localhost.
  if (!navigator.mediaDevices?.getUserMedia) throw new Trouble('insecure');
  return navigator.mediaDevices;
}
