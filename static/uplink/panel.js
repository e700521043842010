/**
 * "Try a bad connection": three presets, and a slider for each of their values.
 * @import {UplinkSettings, Preset} from './presets.js'
 */
import { element } from '../dom.js';
import { bitrate, decimal } from '../format.js';
import { Slider } from '../slider.js';
import { showText, text } from '../texts.js';
import { BITRATES, PRESETS, SCALES, SOFTNESSES, sameUplink } from './presets.js';

export class UplinkPanel {
  #bitrate;
  #scale;
  #softness;
  #message = element('uplink-message', HTMLElement);
  #buttons = [...element('uplink-presets', HTMLElement).querySelectorAll('button')];

  /** @param {(settings: UplinkSettings) => void} onChange */
  constructor(onChange) {
    const change = () => {
      this.#mark();
      showText(this.#message, null);
      onChange(this.settings);
    };
    this.#bitrate = new Slider('uplink-bitrate', BITRATES, bitrateWords, change);
    this.#scale = new Slider('uplink-scale', SCALES, scaleWords, change);
    this.#softness = new Slider('uplink-softness', SOFTNESSES, softnessWords, change);
    for (const button of this.#buttons) {
      button.addEventListener('click', () => {
        this.settings = PRESETS[/** @type {Preset} */ (button.dataset.value)];
        change();
      });
    }
    this.settings = PRESETS.good;
  }

  /** @returns {UplinkSettings} */
  get settings() {
    return { maxBitrate: this.#bitrate.value, scale: this.#scale.value, softness: this.#softness.value };
  }

  set settings({ maxBitrate, scale, softness }) {
    this.#bitrate.value = maxBitrate;
    this.#scale.value = scale;
    this.#softness.value = softness;
    this.#mark();
  }

  /** The browser failed to soften the camera: it is sent as it is, and the panel says so. */
  refuseSoftness() {
    this.#softness.value = 1;
    this.#mark();
    showText(this.#message, 'uplink.softness.failed');
  }

  /** After a change of the language. */
  refresh() {
    for (const slider of [this.#bitrate, this.#scale, this.#softness]) slider.refresh();
  }

  #mark() {
    for (const button of this.#buttons) {
      const preset = PRESETS[/** @type {Preset} */ (button.dataset.value)];
      button.ariaPressed = String(sameUplink(preset, this.settings));
    }
  }
}

/** @param {number | null} bits */
function bitrateWords(bits) {
  return bits === null ? text('uplink.free') : bitrate(bits);
}

/** @param {number} scale */
function scaleWords(scale) {
  return scale === 1 ? text('uplink.full') : `1 : ${decimal(scale, scale % 1 ? 1 : 0)}`;
}

/** @param {number} factor */
function softnessWords(factor) {
  return factor === 1 ? text('uplink.sharp') : `${decimal(factor, factor * 10 % 1 ? 2 : 1)} ×`;
}
