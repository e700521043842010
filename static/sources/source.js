/**
 * Sources of video. Each kind opens a `Source`: a video track and how to close it.
 * @import {Size} from '../call/protocol.js'
 * @import {ErrorCode} from '../call/call-error.js'
 */
import { openCamera } from './camera.js';
import { openSample } from './sample.js';

/** @typedef {'camera' | 'screen' | 'file' | 'sample'} SourceKind */

/**
 * @typedef {object} SourceSettings
 * @property {SourceKind} kind
 * @property {string} deviceId of a camera; '' for the browser's default
 * @property {File | null} file
 * @property {Size} size
 * @property {number} framerate
 */

/**
 * @typedef {object} Source
 * @property {SourceKind} kind
 * @property {MediaStreamTrack} track
 * @property {() => void} close
 * @property {ErrorCode} lost error when the track ends by itself
 */

/** @type {Record<SourceKind, (settings: SourceSettings, signal: AbortSignal) => Promise<Source>>} */
const OPENERS = {
  camera: openCamera,
  screen: async (settings) => (await import('./screen.js')).openScreen(settings),
  file: async (...given) => (await import('./file.js')).openFile(...given),
  sample: openSample,
};

/**
 * @param {SourceSettings} settings
 * @param {AbortSignal} signal
 * @returns {Promise<Source>}
 */
export async function openSource(settings, signal) {
  const source = await OPENERS[settings.kind](settings, signal);
  // A permission prompt cannot be aborted: a source that opens after Stop is closed again.
  if (signal.aborted) source.close();
  signal.throwIfAborted();
  return source;
}
