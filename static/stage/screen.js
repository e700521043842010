/**
 * Full screen and picture-in-picture. If the browser lacks one of them, its button is disabled and says so.
 * @import {TextKey} from '../texts.js'
 */
import { text } from '../texts.js';

/**
 * Safari on phones supports full screen for videos only.
 * @typedef {HTMLVideoElement & {webkitEnterFullscreen?: () => void}} PhoneVideo
 */

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} stage
 * @param {PhoneVideo} video
 */
export function fullScreenButton(button, stage, video) {
  if (!document.fullscreenEnabled && !video.webkitEnterFullscreen) {
    turnOff(button, 'stage.fullscreen.none');
    return;
  }
  button.addEventListener('click', () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (document.fullscreenEnabled) stage.requestFullscreen().catch(() => {}); // refused by the browser
    else video.webkitEnterFullscreen?.();
  });
  document.addEventListener('fullscreenchange', () => {
    button.ariaPressed = String(document.fullscreenElement === stage);
  });
  button.ariaPressed = 'false';
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLVideoElement} video
 * @param {() => void} onRefused the browser refused, for example because there is no video yet
 */
export function pictureInPictureButton(button, video, onRefused) {
  if (!document.pictureInPictureEnabled) {
    turnOff(button, 'stage.pip.none');
    return;
  }
  button.addEventListener('click', () => {
    const change = document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture();
    change.catch(onRefused);
  });
  video.addEventListener('enterpictureinpicture', () => { button.ariaPressed = 'true'; });
  video.addEventListener('leavepictureinpicture', () => { button.ariaPressed = 'false'; });
  button.ariaPressed = 'false';
}

/** @param {HTMLButtonElement} button @param {TextKey} why */
function turnOff(button, why) {
  button.disabled = true;
  button.dataset.textTitle = why;
  button.title = text(why);
}
