/**
 * One of the two pictures with its measured figures.
 * @import {Meter} from './framerate.js'
 */
import { element, write } from './dom.js';
import { UNKNOWN, decimalText, sizeText } from './messages.js';

export class Pane {
  #fps;
  #size;
  /** @type {Meter | null} */
  #meter = null;

  /** @param {'original' | 'enhanced'} name */
  constructor(name) {
    this.video = element(`${name}-video`, HTMLVideoElement);
    this.#fps = element(`${name}-fps`, HTMLElement);
    this.#size = element(`${name}-size`, HTMLElement);
    this.video.addEventListener('loadeddata', () => this.#markPicture());
    this.video.addEventListener('emptied', () => this.#markPicture());
  }

  /** Whether there is a picture to look at. */
  get hasPicture() {
    return this.video.srcObject !== null && this.video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  /** @param {MediaStream} stream */
  show(stream) {
    this.video.srcObject = stream;
    // Safari starts some streams only when told; a refusal means that the `autoplay` attribute does it.
    this.video.play().catch(() => {});
  }

  /** @param {Meter} meter */
  measure(meter) {
    this.#meter = meter;
  }

  clear() {
    this.video.srcObject = null;
    this.#meter = null;
    this.refresh(0);
    this.#markPicture();
  }

  /** @param {number} now of `performance.now()` */
  refresh(now) {
    const { videoWidth, videoHeight } = this.video;
    write(this.#fps, decimalText(this.#meter?.read(now) ?? null));
    write(this.#size, this.hasPicture ? sizeText([videoWidth, videoHeight]) : UNKNOWN);
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<void>} when the first frame can be seen
   */
  firstPicture(signal) {
    return new Promise((resolve) => {
      this.video.addEventListener('loadeddata', () => resolve(), { signal });
      if (this.hasPicture) resolve();
    });
  }

  #markPicture() {
    this.video.parentElement?.toggleAttribute('data-picture', this.hasPicture);
  }
}
