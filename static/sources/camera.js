/**
 * Opens and lists cameras.
 * @import {Size} from '../call/protocol.js'
 * @import {ErrorCode} from '../call/call-error.js'
 * @import {Source, SourceSettings} from './source.js'
 */
import { CallError } from '../call/call-error.js';

/** @type {readonly Size[]} */
export const RESOLUTIONS = [[320, 180], [640, 360], [960, 540], [1280, 720], [1920, 1080]];

/** @type {Size} */
export const DEFAULT_RESOLUTION = [640, 360];

export const FRAMERATES = [10, 15, 24, 30, 60];
export const DEFAULT_FRAMERATE = 30;

/** Errors of getUserMedia (W3C Media Capture and Streams, 10.2). @type {Record<string, ErrorCode>} */
const ERRORS = {
  NotAllowedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'no-camera',
  OverconstrainedError: 'no-camera',
  NotReadableError: 'camera-busy',
  AbortError: 'camera-busy',
};

/**
 * Opens the camera of the settings, or another one if it is missing, with the nearest size and frame rate.
 * @param {SourceSettings} settings
 * @returns {Promise<Source>}
 */
export async function openCamera({ deviceId, size: [width, height], framerate }) {
  const devices = mediaDevices();
  /** @type {MediaTrackConstraints} */
  const video = { width: { ideal: width }, height: { ideal: height }, frameRate: { ideal: framerate } };
  if (deviceId) video.deviceId = { ideal: deviceId };
  try {
    const [track] = (await devices.getUserMedia({ video })).getVideoTracks();
    if (!track) throw new CallError('camera-failed');
    return { kind: 'camera', track, close: () => track.stop(), lost: 'camera-lost' };
  } catch (error) {
    const { name, message } = /** @type {DOMException} */ (error);
    throw new CallError(ERRORS[name] ?? 'camera-failed', { detail: message });
  }
}

/** Lists the cameras; browsers hide names and ids until the permission was granted. */
export function listCameras() {
  return listDevices('videoinput');
}

/** @param {MediaDeviceKind} wanted */
export async function listDevices(wanted) {
  const devices = await navigator.mediaDevices?.enumerateDevices() ?? [];
  return devices.filter(({ kind, deviceId }) => kind === wanted && deviceId !== '');
}

/** @param {() => void} listener called when a device is plugged in or unplugged */
export function onDevicesChange(listener) {
  navigator.mediaDevices?.addEventListener('devicechange', listener);
}

/** @returns {MediaDevices} */
export function mediaDevices() {
  // Missing on pages that are neither HTTPS nor localhost.
  if (!navigator.mediaDevices?.getUserMedia) throw new CallError('insecure');
  return navigator.mediaDevices;
}
