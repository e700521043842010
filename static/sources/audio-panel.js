/**
 * Switches for the microphone and for playing the returned audio. Both are off by default: the returned audio would be
 * picked up by the microphone again.
 */
import { CallError } from '../call/call-error.js';
import { element } from '../dom.js';
import { valuesOf } from '../states.js';
import { showText } from '../texts.js';

export class AudioPanel {
  #microphone = element('microphone', HTMLInputElement);
  #listen = element('listen', HTMLInputElement);
  #message = element('audio-message', HTMLElement);
  #player = element('returned-audio', HTMLAudioElement);

  #onMicrophone;

  /** @param {(on: boolean) => Promise<void>} onMicrophone rejects if the microphone does not open */
  constructor(onMicrophone) {
    this.#onMicrophone = onMicrophone;
    this.#microphone.addEventListener('change', () => this.applyMicrophone());
    this.#listen.addEventListener('change', () => {
      this.#player.muted = !this.#listen.checked;
    });
  }

  /** Opens or closes the microphone according to its switch: when the switch changes and when a call starts. */
  async applyMicrophone() {
    const on = this.#microphone.checked;
    showText(this.#message, null);
    try {
      await this.#onMicrophone(on);
    } catch (error) {
      this.switchOff(CallError.from(error));
    }
  }

  /** @param {CallError} failure reason to show */
  switchOff(failure) {
    this.#microphone.checked = false;
    showText(this.#message, `error.${failure.code}.next`, valuesOf(failure));
  }

  /** @param {MediaStream | null} stream returned by the server */
  play(stream) {
    this.#player.srcObject = stream;
    if (stream) this.#player.play().catch(() => {});
  }
}
