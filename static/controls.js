/**
 * The two choices and the two buttons.
 * @import {Size} from './protocol.js'
 */
import { DEFAULT_RESOLUTION, RESOLUTIONS, listCameras, onCamerasChange } from './camera.js';
import { recall, remember } from './choices.js';
import { element } from './dom.js';
import { DEFAULT_CAMERA, sizeText, unnamedCamera } from './messages.js';

export class Controls {
  #camera = element('camera', HTMLSelectElement);
  #resolution = element('resolution', HTMLSelectElement);
  #start = element('start', HTMLButtonElement);
  #stop = element('stop', HTMLButtonElement);

  /** @param {{onStart: () => void, onStop: () => void}} on */
  constructor({ onStart, onStop }) {
    this.#start.addEventListener('click', onStart);
    this.#stop.addEventListener('click', onStop);
    element('controls', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
    this.#camera.addEventListener('change', () => remember('camera', this.#camera.value));
    this.#resolution.addEventListener('change', () => remember('resolution', this.#resolution.value));
    this.#fillResolutions();
    this.refreshCameras();
    onCamerasChange(() => this.refreshCameras());
  }

  /** @returns {{deviceId: string, size: Size}} */
  get wishes() {
    const size = RESOLUTIONS.find((resolution) => resolution.join('x') === this.#resolution.value);
    return { deviceId: this.#camera.value, size: size ?? DEFAULT_RESOLUTION };
  }

  /** @param {boolean} calling */
  show(calling) {
    const [on, off] = calling ? [this.#stop, this.#start] : [this.#start, this.#stop];
    const focused = document.activeElement === off;
    on.disabled = false;
    off.disabled = true;
    this.#camera.disabled = calling;
    this.#resolution.disabled = calling;
    // A button that is switched off loses the keyboard's focus: hand it on.
    if (focused) on.focus();
  }

  /**
   * Lists the cameras anew; names and ids are known once the permission was given.
   * @param {string} [current] id of the camera that runs
   */
  async refreshCameras(current = this.#camera.value || (recall('camera') ?? '')) {
    const cameras = await listCameras().catch(() => []);
    const options = cameras.map(({ label, deviceId }, index) => new Option(label || unnamedCamera(index + 1), deviceId));
    // Unknown now is not gone for ever: a remembered camera is asked for, and taken if it is there.
    if (!cameras.some(({ deviceId }) => deviceId === current)) options.unshift(new Option(DEFAULT_CAMERA, current));
    this.#camera.replaceChildren(...options);
    this.#camera.value = current;
  }

  #fillResolutions() {
    const options = RESOLUTIONS.map((size) => new Option(sizeText(size), size.join('x')));
    this.#resolution.replaceChildren(...options);
    this.#resolution.value = recall('resolution') ?? '';
    if (this.#resolution.selectedIndex < 0) this.#resolution.value = DEFAULT_RESOLUTION.join('x');
  }
}
