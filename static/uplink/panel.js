/**
 * The line to try: three presets, and a slider for each of their values. The softness of the camera is a setting of its
 * own.
 * @import {Line, Preset, UplinkSettings, Video} from './presets.js'
 */
import { element } from '../dom.js';
import { bitrate, decimal } from '../format.js';
import { Slider } from '../slider.js';
import { buttonChoice } from '../stage/choice.js';
import { showText, text } from '../texts.js';
import { BITS_PER_PIXEL, PRESETS, SCALES, SOFTNESS, SOFTNESSES, bitrateOf } from './presets.js';

export class UplinkPanel {
  #bits;
  #scale;
  #soft = element('uplink-soft', HTMLInputElement);
  #softness;
  #softnessRow = element('uplink-softness-row', HTMLElement);
  #message = element('uplink-message', HTMLElement);
  #showPreset;
  #onChange;
  /** @type {Video} */
  #video;

  /**
   * @param {Video} video that will be sent
   * @param {(settings: UplinkSettings) => void} onChange
   */
  constructor(video, onChange) {
    this.#video = video;
    this.#onChange = () => {
      this.#mark();
      showText(this.#message, null);
      onChange(this.settings);
    };
    this.#bits = new Slider('uplink-bitrate', BITS_PER_PIXEL, (bits) => this.#bitsWords(bits), this.#onChange);
    this.#scale = new Slider('uplink-scale', SCALES, scaleWords, () => {
      this.#bits.refresh(); // fewer pixels
      this.#onChange();
    });
    this.#softness = new Slider('uplink-softness', SOFTNESSES, softnessWords, this.#onChange);
    this.#soft.addEventListener('change', () => {
      this.#softnessRow.hidden = !this.#soft.checked;
      this.#onChange();
    });
    /** @type {(preset: Preset | '') => void} */
    this.#showPreset = buttonChoice(element('uplink-presets', HTMLElement), (preset) => {
      if (preset) this.choose(preset);
    });
    this.#show(PRESETS.good);
    this.#softness.value = SOFTNESS;
  }

  /** @returns {UplinkSettings} */
  get settings() {
    return {
      maxBitrate: bitrateOf(this.#line, this.#video),
      scale: this.#scale.value,
      softness: this.#soft.checked ? this.#softness.value : 1,
    };
  }

  /** @param {Preset} preset */
  choose(preset) {
    this.#show(PRESETS[preset]);
    this.#onChange();
  }

  /** Adapts the bit rate to another size or frame rate of the video. @param {Video} video */
  adapt(video) {
    const before = this.settings.maxBitrate;
    this.#video = video;
    this.#bits.refresh();
    if (this.settings.maxBitrate !== before) this.#onChange();
  }

  /** The browser failed to soften the camera: it is sent as it is, and the panel says so. */
  refuseSoftness() {
    this.#soft.checked = false;
    this.#softnessRow.hidden = true;
    showText(this.#message, 'uplink.softness.failed');
  }

  /** After a change of the language. */
  refresh() {
    for (const slider of [this.#bits, this.#scale, this.#softness]) slider.refresh();
  }

  /** @returns {Line} */
  get #line() {
    return { bitsPerPixel: this.#bits.value, scale: this.#scale.value };
  }

  /** @param {Line} line */
  #show({ bitsPerPixel, scale }) {
    this.#scale.value = scale;
    this.#bits.value = bitsPerPixel;
    this.#mark();
  }

  #mark() {
    const { bitsPerPixel, scale } = this.#line;
    const same = Object.entries(PRESETS).find(([, line]) => line.bitsPerPixel === bitsPerPixel && line.scale === scale);
    this.#showPreset(/** @type {Preset | undefined} */ (same?.[0]) ?? '');
  }

  /** @param {number | null} bitsPerPixel */
  #bitsWords(bitsPerPixel) {
    if (bitsPerPixel === null) return text('uplink.free');
    const rate = bitrate(bitrateOf({ bitsPerPixel, scale: this.#scale.value }, this.#video));
    return text('uplink.bits', { rate, bits: decimal(bitsPerPixel, bitsPerPixel * 100 % 1 ? 4 : 2) });
  }
}

/** @param {number} scale */
function scaleWords(scale) {
  return scale === 1 ? text('uplink.full') : `1 : ${decimal(scale, scale % 1 ? 1 : 0)}`;
}

/** @param {number} factor */
function softnessWords(factor) {
  return `${decimal(factor, factor * 10 % 1 ? 2 : 1)} ×`;
}
