/**
 * The microphone, off by default, and whether what comes back is heard: off by default too, for it would be heard
 * twice, and go into the microphone again.
 */
import { CallError } from '../call/call-error.js';
import { element } from '../dom.js';
import { valuesOf } from '../states.js';
import { showText } from '../texts.js';

export class SoundPanel {
  #microphone = element('microphone', HTMLInputElement);
  #listen = element('listen', HTMLInputElement);
  #message = element('sound-message', HTMLElement);
  #player = element('returned-sound', HTMLAudioElement);

  #onMicrophone;

  /** @param {(on: boolean) => Promise<void>} onMicrophone rejects where the microphone does not open */
  constructor(onMicrophone) {
    this.#onMicrophone = onMicrophone;
    this.#microphone.addEventListener('change', () => this.applyMicrophone());
    this.#listen.addEventListener('change', () => {
      this.#player.muted = !this.#listen.checked;
    });
  }

  /** Opens or closes the microphone as the switch is set; called when the switch changes and when a call starts. */
  async applyMicrophone() {
    const on = this.#microphone.checked;
    showText(this.#message, null);
    try {
      await this.#onMicrophone(on);
    } catch (error) {
      this.switchOff(CallError.from(error));
    }
  }

  /** @param {CallError} failure for which the microphone is off now */
  switchOff(failure) {
    this.#microphone.checked = false;
    showText(this.#message, `error.${failure.code}.next`, valuesOf(failure));
  }

  /** @param {MediaStream | null} stream that came back */
  play(stream) {
    this.#player.srcObject = stream;
    if (stream) this.#player.play().catch(() => {});
  }
}
