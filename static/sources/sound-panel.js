/**
 * The microphone, off by default, and whether what comes back is heard: off by default too, for it would be heard
 * twice, and go into the microphone again.
 */
import { Trouble } from '../call/trouble.js';
import { element } from '../dom.js';
import { valuesOf } from '../states.js';
import { say } from '../texts.js';

export class SoundPanel {
  #microphone = element('microphone', HTMLInputElement);
  #listen = element('listen', HTMLInputElement);
  #said = element('sound-said', HTMLElement);
  #player = element('returned-sound', HTMLAudioElement);

  /** @param {(on: boolean) => Promise<void>} onSpeak */
  constructor(onSpeak) {
    this.#microphone.addEventListener('change', async () => {
      say(this.#said, null);
      try {
        await onSpeak(this.#microphone.checked);
      } catch (error) {
        this.#microphone.checked = false;
        const trouble = Trouble.from(error);
        say(this.#said, `trouble.${trouble.code}.next`, valuesOf(trouble));
      }
    });
    this.#listen.addEventListener('change', () => {
      this.#player.muted = !this.#listen.checked;
    });
  }

  get wanted() {
    return this.#microphone.checked;
  }

  /** @param {MediaStream | null} stream that came back */
  play(stream) {
    this.#player.srcObject = stream;
    if (stream) this.#player.play().catch(() => {});
  }
}
