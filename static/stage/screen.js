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
 * @param {HTMLElement} call the stage with status and Stop
 * @param {PhoneVideo} video
 */
export function fullScreenButton(button, call, video) {
  if (!document.fullscreenEnabled && !video.webkitEnterFullscreen) {
    turnOff(button, 'stage.fullscreen.none');
    return;
  }
  button.addEventListener('click', () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (document.fullscreenEnabled) call.requestFullscreen().catch(() => {}); // refused by the browser
    else video.webkitEnterFullscreen?.();
  });
  document.addEventListener('fullscreenchange', () => {
    button.ariaPressed = String(document.fullscreenElement === call);
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
