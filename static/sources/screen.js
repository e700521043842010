/**
 * A screen, a window or a tab.
 * @import {Source, SourceSettings} from './source.js'
 */
import { CallError } from '../call/call-error.js';
import { mediaDevices } from './camera.js';

/**
 * @param {SourceSettings} settings
 * @returns {Promise<Source>}
 */
export async function openScreen({ size: [width, height], framerate }) {
  const devices = mediaDevices();
  if (!devices.getDisplayMedia) throw new CallError('screen-missing');
  const video = { width: { max: width }, height: { max: height }, frameRate: { ideal: framerate } };
  try {
    const [track] = (await devices.getDisplayMedia({ video, audio: false })).getVideoTracks();
    if (!track) throw new CallError('screen-denied');
    // Without this hint Chromium treats a shared screen as slides, and sends few frames per second.
    track.contentHint = 'motion';
    return { kind: 'screen', track, close: () => track.stop(), lost: 'screen-ended' };
  } catch (error) {
    throw new CallError('screen-denied', { detail: /** @type {Error} */ (error).message });
  }
}

export function canShareScreen() {
  return 'getDisplayMedia' in (navigator.mediaDevices ?? {});
}
