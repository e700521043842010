/**
 * Source, resolution and frame rate of the video; the choices are kept for the next visit.
 * @import {CodecChoice} from '../call/codec.js'
 * @import {SourceKind, SourceSettings} from './source.js'
 */
import { recall, remember } from '../choices.js';
import { element } from '../dom.js';
import { sizeText } from '../format.js';
import { showText } from '../texts.js';
import {
  DEFAULT_FRAMERATE, DEFAULT_RESOLUTION, FRAMERATES, RESOLUTIONS, listCameras, onDevicesChange,
} from './camera.js';
import { canShareScreen } from './screen.js';

/** Prefix of a camera's value in the list, before its device id. */
const CAMERA = 'camera:';

export class SourcePanel {
  #source = element('source', HTMLSelectElement);
  #cameras = element('source-cameras', HTMLOptGroupElement);
  #resolution = element('resolution', HTMLSelectElement);
  #framerate = element('framerate', HTMLSelectElement);
  #codec = element('codec', HTMLSelectElement);
  #file = element('file', HTMLInputElement);
  #onChange;

  /**
   * @param {{source?: string, codec?: string}} given in the address of the page
   * @param {() => void} onChange
   */
  constructor(given, onChange) {
    this.#onChange = onChange;
    element('source-screen', HTMLOptionElement).disabled = !canShareScreen();
    fill(this.#resolution, RESOLUTIONS.map((size) => [size.join('x'), sizeText(size)]), DEFAULT_RESOLUTION.join('x'));
    fill(this.#framerate, FRAMERATES.map((rate) => [String(rate), String(rate)]), String(DEFAULT_FRAMERATE));
    this.#source.addEventListener('change', () => this.#changeSource());
    this.#codec.value = given.codec ?? recall('codec') ?? 'auto';
    for (const select of [this.#resolution, this.#framerate, this.#codec]) {
      select.addEventListener('change', () => {
        remember(/** @type {'resolution' | 'framerate' | 'codec'} */ (select.id), select.value);
        onChange();
      });
    }
    element('file-choose', HTMLButtonElement).addEventListener('click', () => this.chooseFile());
    this.#file.addEventListener('change', () => {
      this.#showFile();
      if (this.#file.files?.length) onChange();
    });
    const kept = given.source ?? recall('source');
    this.#source.value = kept && kept !== 'camera' ? kept : '';
    // Immediately, because listing the devices takes time.
    this.#showCameras([], recall('camera') ?? '');
    this.#showFile();
    this.refreshCameras();
    onDevicesChange(() => this.refreshCameras());
  }

  /** @returns {SourceSettings} */
  get settings() {
    const { value } = this.#source;
    const size = RESOLUTIONS.find((resolution) => resolution.join('x') === this.#resolution.value);
    return {
      kind: value.startsWith(CAMERA) ? 'camera' : /** @type {SourceKind} */ (value),
      deviceId: value.startsWith(CAMERA) ? value.slice(CAMERA.length) : '',
      file: this.#file.files?.[0] ?? null,
      size: size ?? DEFAULT_RESOLUTION,
      framerate: Number(this.#framerate.value),
    };
  }

  /** For the next call. @returns {CodecChoice} */
  get codec() {
    return /** @type {CodecChoice} */ (this.#codec.value || 'auto');
  }

  /** Whether the source opens without a question: a camera is known only after it was allowed, a file when it is chosen. */
  get isReady() {
    const { kind, file } = this.settings;
    const cameras = [...this.#cameras.children].map((option) => /** @type {HTMLOptionElement} */ (option).value);
    return kind === 'camera' ? cameras.some((value) => value !== CAMERA) : kind !== 'file' || file !== null;
  }

  chooseSample() {
    this.#source.value = 'sample';
    this.#changeSource();
  }

  chooseFile() {
    this.#file.click();
  }

  /**
   * Lists the cameras again; names and ids are known after the permission was granted.
   * @param {string} [current] id of the camera in use, or of the one chosen at the last visit
   */
  async refreshCameras(current = this.settings.deviceId || (recall('camera') ?? '')) {
    const before = this.#source.value;
    const cameras = await listCameras().catch(() => []);
    // A camera that was chosen or opened in the meantime stays selected.
    this.#showCameras(cameras, this.#source.value === before ? current : this.settings.deviceId);
  }

  /** @param {readonly MediaDeviceInfo[]} cameras @param {string} current */
  #showCameras(cameras, current) {
    const chosen = this.#source.value;
    const options = cameras.map(({ label, deviceId }, index) => {
      const option = new Option(label, CAMERA + deviceId);
      if (!label) showText(option, 'source.camera', { number: index + 1 });
      return option;
    });
    // The remembered camera may exist without being listed yet: keep it in the list.
    if (!cameras.some(({ deviceId }) => deviceId === current)) {
      const option = new Option('', CAMERA + current);
      showText(option, 'source.camera.default');
      options.unshift(option);
    }
    this.#cameras.replaceChildren(...options);
    this.#source.value = chosen.startsWith(CAMERA) || chosen === '' ? CAMERA + current : chosen;
  }

  #changeSource() {
    const { kind, deviceId } = this.settings;
    remember('source', kind);
    if (kind === 'camera') remember('camera', deviceId);
    this.#showFile();
    // Without a file, the change takes effect when one is chosen.
    if (kind === 'file' && !this.settings.file) this.chooseFile();
    else this.#onChange();
  }

  #showFile() {
    const { kind, file } = this.settings;
    element('file-row', HTMLElement).hidden = kind !== 'file';
    const name = element('file-name', HTMLElement);
    if (file) {
      showText(name, null);
      name.textContent = file.name;
    } else {
      showText(name, 'source.file.none');
    }
  }
}

/**
 * @param {HTMLSelectElement} select its id is the name of the choice
 * @param {[value: string, words: string][]} options
 * @param {string} usual
 */
function fill(select, options, usual) {
  select.replaceChildren(...options.map(([value, words]) => new Option(words, value)));
  select.value = recall(/** @type {'resolution' | 'framerate'} */ (select.id)) ?? '';
  if (select.selectedIndex < 0) select.value = usual;
}
