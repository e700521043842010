/**
 * Settings of the session, and their effect on the server.
 * @import {Applied, Forgotten, Memory, Refused, ServerStats, SessionSettings} from '../call/protocol.js'
 */
import { FORWARDED } from '../call/protocol.js';
import { disable, element, writeTo } from '../dom.js';
import { UNKNOWN, bitrate, duration, percent, sizeText } from '../format.js';
import { Slider } from '../slider.js';
import { sentence } from '../states.js';
import { showText, text } from '../texts.js';
import { throttled } from '../throttle.js';

const AUTO = 'auto';
const STRENGTHS = Array.from({ length: 31 }, (_, step) => step / 20); // 0 to 1.5

/**
 * Maximum bit rates of the returned video in bit/s; the server's minimum is MIN_BITRATE of
 * server/options/session_limits.py.
 * @type {readonly (number | null)[]}
 */
const CEILINGS = [
  150_000, 250_000, 400_000, 600_000, 800_000, 1_000_000, 1_500_000, 2_000_000, 3_000_000, 4_000_000, 6_000_000, null,
];

/** Interval in milliseconds at which a dragged slider sends its settings, and once more after the last change. */
const INTERVAL_MS = 150;

/** @typedef {'student' | 'strength' | 'enhance' | 'remember' | 'memory_mask' | 'max_bitrate'} Name */
/** @typedef {Pick<SessionSettings, Name>} ControlSettings */

export class ControlPanel {
  #enhance = element('enhance', HTMLInputElement);
  #remember = element('remember', HTMLInputElement);
  #memoryMask = element('memory-mask', HTMLInputElement);
  #forget = element('forget', HTMLButtonElement);
  #forgotten = element('forget-message', HTMLElement);
  #student = element('student', HTMLSelectElement);
  #strength;
  #ceiling;
  #onChange;
  #refused = element('control-refused', HTMLElement);

  /**
   * @param {object} on
   * @param {(settings: ControlSettings) => void} on.onChange
   * @param {() => void} on.onForget the user asks to forget earlier frames
   */
  constructor({ onChange, onForget }) {
    this.#onChange = onChange;
    const send = throttled(() => onChange(this.settings), INTERVAL_MS);
    this.#strength = new Slider('strength', STRENGTHS, (strength) => `${Math.round(strength * 100)} %`, send);
    this.#ceiling = new Slider('ceiling', CEILINGS, ceilingWords, send);
    this.#strength.value = 1;
    this.#ceiling.value = null;
    this.#enhance.addEventListener('change', send);
    this.#remember.addEventListener('change', send);
    this.#memoryMask.addEventListener('change', send);
    this.#forget.addEventListener('click', onForget);
    this.#student.addEventListener('change', send);
    this.#list([]);
  }

  /** @returns {ControlSettings} */
  get settings() {
    return {
      student: this.#student.value,
      strength: this.#strength.value,
      enhance: this.#enhance.checked,
      remember: this.#remember.checked,
      memory_mask: this.#memoryMask.checked,
      max_bitrate: this.#ceiling.value,
    };
  }

  /** Switches enhancement and memory on, as they are at the start. */
  restore() {
    if (this.#enhance.checked && this.#remember.checked) return;
    this.#enhance.checked = this.#remember.checked = true;
    this.#onChange(this.settings);
  }

  /** @param {Applied | Forgotten | Refused} answer */
  showResponse(answer) {
    if (answer.type === 'forgotten') showText(this.#forgotten, 'control.forgotten');
    else if (answer.type === 'applied') showText(this.#refused, null);
    else showText(this.#refused, 'control.refused', { reason: sentence(answer.message ?? '') });
  }

  /** @param {ServerStats | null} stats null if there is no report, or only an outdated one */
  show(stats) {
    if (stats) this.#list(stats.students);
    writeTo('server-student', stats ? studentWords(stats) : UNKNOWN);
    writeTo('server-provider', stats?.provider ?? UNKNOWN);
    const encoder = stats?.encoder === FORWARDED ? text('control.forwarded') : stats?.encoder;
    writeTo('server-encoder', [stats?.codec, encoder].filter(Boolean).join(', ') || UNKNOWN);
    writeTo('server-bitrate', bitrate(stats?.bitrate ?? null));
    const { size_in: from = null, size_out: to = null } = stats ?? {};
    writeTo('server-size', from || to ? `${sizeText(from)} → ${sizeText(to)}` : UNKNOWN);
    writeTo('server-memory', memoryWords(stats?.memory ?? null));
    disable(this.#forget, !stats?.memory && stats?.learned == null);
    if (!stats?.memory || stats.memory.share > 0) showText(this.#forgotten, null);
    reason('server-rung-reason', 'control.rung-reason', stats?.rung_reason);
    reason('server-provider-note', 'control.provider-note', stats?.provider_note);
    reason('server-passed-reason', 'control.passed-reason', stats?.passed_reason);
    if (!stats) showText(this.#refused, null);
  }

  /** After a change of the language. */
  refresh() {
    this.#strength.refresh();
    this.#ceiling.refresh();
  }

  /** @param {readonly string[]} students names that the server offers */
  #list(students) {
    const names = [AUTO, ...students];
    const listed = [...this.#student.options].map(({ value }) => value);
    if (names.join() === listed.join()) return;
    const chosen = this.#student.value || AUTO;
    this.#student.replaceChildren(...names.map((name) => {
      const option = new Option(name, name);
      if (name === AUTO) showText(option, 'control.auto');
      return option;
    }));
    this.#student.value = names.includes(chosen) ? chosen : AUTO;
  }
}

/** @param {number | null} bits */
function ceilingWords(bits) {
  return bits === null ? text('control.no-ceiling') : bitrate(bits);
}

/** @param {ServerStats} stats */
function studentWords({ student, learned }) {
  if (!student || learned === null) return student ?? UNKNOWN;
  return text('control.student.learned', { student, age: duration(learned) });
}

/** @param {Memory | null} memory */
function memoryWords(memory) {
  if (!memory) return UNKNOWN;
  if (memory.age === null) return text('control.memory.none');
  return text('control.memory.share', { share: percent(memory.share), age: duration(memory.age) });
}

/**
 * @param {string} id
 * @param {'control.rung-reason' | 'control.provider-note' | 'control.passed-reason'} key
 * @param {string | null | undefined} words reason given by the server
 */
function reason(id, key, words) {
  showText(element(id, HTMLElement), words ? key : null, { reason: sentence(words ?? '') });
}
