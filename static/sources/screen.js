/**
 * A screen, a window or a tab.
 * @import {Source, SourceSettings} from './source.js'
 */
import { CallError } from '../call/call-error.js';
import { mediaDevices } from './camera.js';

/** Largest size that the server returns: text in a reduced screen is unreadable. */
const [WIDTH, HEIGHT] = [1920, 1080];

/** Enough for scrolling; each frame then has more bits for its letters. */
const MAX_FRAMERATE = 15;

/**
 * Opens a screen at its full size; the resolution of the settings is for cameras.
 * @param {SourceSettings} settings
 * @returns {Promise<Source>}
 */
export async function openScreen({ framerate }) {
  const devices = mediaDevices();
  if (!devices.getDisplayMedia) throw new CallError('screen-missing');
  const video = { width: { max: WIDTH }, height: { max: HEIGHT }, frameRate: { max: Math.min(framerate, MAX_FRAMERATE) } };
  try {
    const [track] = (await devices.getDisplayMedia({ video, audio: false })).getVideoTracks();
    if (!track) throw new CallError('screen-denied');
    track.contentHint = 'text'; // W3C mst-content-hint: sharp letters rather than many frames
    return { kind: 'screen', track, close: () => track.stop(), lost: 'screen-ended' };
  } catch (error) {
    throw new CallError('screen-denied', { detail: /** @type {Error} */ (error).message });
  }
}

export function canShareScreen() {
  return 'getDisplayMedia' in (navigator.mediaDevices ?? {});
}
