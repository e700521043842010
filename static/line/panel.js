/**
 * "Try a bad line": three buttons for three lines, three sliders for everything between.
 * @import {Line, Preset} from './presets.js'
 */
import { element } from '../dom.js';
import { bitrate, decimal } from '../format.js';
import { Slider } from '../slider.js';
import { say, text } from '../texts.js';
import { BITRATES, PRESETS, SCALES, SOFTNESSES, sameLine } from './presets.js';

export class LinePanel {
  #bitrate;
  #scale;
  #softness;
  #message = element('line-message', HTMLElement);
  #buttons = [...element('line-presets', HTMLElement).querySelectorAll('button')];

  /** @param {(line: Line) => void} onChange */
  constructor(onChange) {
    const change = () => {
      this.#mark();
      say(this.#message, null);
      onChange(this.line);
    };
    this.#bitrate = new Slider('line-bitrate', BITRATES, bitrateWords, change);
    this.#scale = new Slider('line-scale', SCALES, scaleWords, change);
    this.#softness = new Slider('line-softness', SOFTNESSES, softnessWords, change);
    for (const button of this.#buttons) {
      button.addEventListener('click', () => {
        this.line = PRESETS[/** @type {Preset} */ (button.dataset.value)];
        onChange(this.line);
      });
    }
    this.line = PRESETS.good;
  }

  /** @returns {Line} */
  get line() {
    return { maxBitrate: this.#bitrate.value, scale: this.#scale.value, softness: this.#softness.value };
  }

  set line({ maxBitrate, scale, softness }) {
    this.#bitrate.value = maxBitrate;
    this.#scale.value = scale;
    this.#softness.value = softness;
    this.#mark();
  }

  /** The browser failed to soften the camera: it is sent as it is, and the panel says so. */
  refuseSoftness() {
    this.#softness.value = 1;
    this.#mark();
    say(this.#message, 'line.softness.failed');
  }

  /** After a change of the language. */
  refresh() {
    for (const slider of [this.#bitrate, this.#scale, this.#softness]) slider.refresh();
  }

  #mark() {
    for (const button of this.#buttons) {
      const preset = PRESETS[/** @type {Preset} */ (button.dataset.value)];
      button.ariaPressed = String(sameLine(preset, this.line));
    }
  }
}

/** @param {number | null} bits */
function bitrateWords(bits) {
  return bits === null ? text('line.free') : bitrate(bits);
}

/** @param {number} scale */
function scaleWords(scale) {
  return scale === 1 ? text('line.full') : `1 : ${decimal(scale, scale % 1 ? 1 : 0)}`;
}

/** @param {number} factor */
function softnessWords(factor) {
  return factor === 1 ? text('line.sharp') : `${decimal(factor, factor * 10 % 1 ? 2 : 1)} ×`;
}
