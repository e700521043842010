/**
 * A local video file, played in a loop and drawn on a canvas at the size and frame rate of the call. The file itself
 * is not uploaded.
 * @import {Source, SourceSettings} from './source.js'
 */
import { CallError } from '../call/call-error.js';
import { PaintedTrack, steadily } from './painted.js';

/**
 * @param {SourceSettings} settings
 * @param {AbortSignal} signal
 * @returns {Promise<Source>}
 */
export async function openFile({ file, size, framerate }, signal) {
  if (!file) throw new CallError('no-file');
  const address = URL.createObjectURL(file);
  const video = Object.assign(document.createElement('video'), { muted: true, loop: true, playsInline: true });
  const forget = () => {
    video.removeAttribute('src');
    video.load();
    URL.revokeObjectURL(address);
  };
  try {
    await loaded(video, address, signal);
    await video.play();
  } catch (error) {
    forget();
    signal.throwIfAborted();
    throw new CallError('file-failed', { detail: video.error?.message || /** @type {Error} */ (error).message });
  }
  const painted = new PaintedTrack(...within(size, video.videoWidth, video.videoHeight));
  const end = steadily(framerate, () => {
    painted.paint((context, width, height) => context.drawImage(video, 0, 0, width, height));
  });
  const close = () => {
    end();
    painted.track.stop();
    forget();
  };
  return { kind: 'file', track: painted.track, close, lost: 'file-failed' };
}

/**
 * @param {HTMLVideoElement} video
 * @param {string} address
 * @param {AbortSignal} signal
 * @returns {Promise<void>} when the size of the video is known
 */
function loaded(video, address, signal) {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(video.error?.message ?? 'aborted'));
    video.addEventListener('loadeddata', () => {
      if (video.videoWidth) resolve();
      else reject(new Error('the file has no video'));
    });
    video.addEventListener('error', fail);
    signal.addEventListener('abort', fail);
    video.src = address;
  });
}

/**
 * Fits a size into bounds with its aspect ratio, in even numbers for 4:2:0 chroma; never enlarges.
 * @param {[number, number]} bounds
 * @param {number} width
 * @param {number} height
 * @returns {[number, number]}
 */
function within([across, down], width, height) {
  const factor = Math.min(across / width, down / height, 1);
  const even = (/** @type {number} */ pixels) => Math.max(2, Math.round((pixels * factor) / 2) * 2);
  return [even(width), even(height)];
}
