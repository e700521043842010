/**
 * Switches for the microphone and for playing the returned audio, the choice of the microphone, and its level. Both
 * switches are off by default: the returned audio would be picked up by the microphone again.
 */
import { recall, remember } from '../choices.js';
import { CallError } from '../call/call-error.js';
import { element } from '../dom.js';
import { valuesOf } from '../states.js';
import { showText } from '../texts.js';
import { listDevices, onDevicesChange } from './camera.js';
import { LevelMeter } from './level-meter.js';
import { Microphone } from './microphone.js';

export class AudioPanel {
  #microphone = element('microphone', HTMLInputElement);
  #device = element('microphone-device', HTMLSelectElement);
  #listen = element('listen', HTMLInputElement);
  #message = element('audio-message', HTMLElement);
  #player = element('returned-audio', HTMLAudioElement);
  #level = new LevelMeter(element('microphone-level', HTMLMeterElement));
  /** Open before a call, for its level; its audio goes nowhere. */
  #tried = new Microphone({
    onTrack: (track) => { this.track = track; },
    onLost: () => this.switchOff(new CallError('microphone-lost')),
  });

  #inCall;

  /**
   * @param {(on: boolean, deviceId: string) => Promise<void> | null} inCall opens or closes the microphone of the call,
   *   rejects if it does not open; null if there is no call
   */
  constructor(inCall) {
    this.#inCall = inCall;
    this.#microphone.addEventListener('change', () => this.applyMicrophone());
    this.#device.addEventListener('change', () => {
      remember('microphone', this.#device.value);
      this.applyMicrophone();
    });
    this.#listen.addEventListener('change', () => {
      this.#player.muted = !this.#listen.checked;
    });
    this.#list();
    onDevicesChange(() => this.#list());
  }

  /** Opens or closes the microphone according to its switch: when the switch changes and when a call starts or ends. */
  async applyMicrophone() {
    const on = this.#microphone.checked;
    const { value } = this.#device;
    showText(this.#message, null);
    try {
      const opening = this.#inCall(on, value);
      if (opening || !on) this.#tried.close();
      await (opening ?? (on ? this.#tried.open(value) : null));
      if (on) this.#list(); // with names, now that it is allowed
    } catch (error) {
      this.switchOff(CallError.from(error));
    }
  }

  /** @param {CallError} failure reason to show */
  switchOff(failure) {
    this.#microphone.checked = false;
    showText(this.#message, `error.${failure.code}.next`, valuesOf(failure));
  }

  /** The track of the microphone in use. @param {MediaStreamTrack | null} track */
  set track(track) {
    this.#level.track = track;
  }

  /** @param {MediaStream | null} stream returned by the server */
  play(stream) {
    this.#player.srcObject = stream;
    if (stream) this.#player.play().catch(() => {});
  }

  async #list() {
    const devices = await listDevices('audioinput').catch(() => []);
    const chosen = this.#device.value || (recall('microphone') ?? '');
    this.#device.replaceChildren(...devices.map(({ label, deviceId }, index) => {
      const option = new Option(label, deviceId);
      if (!label) showText(option, 'audio.device', { number: index + 1 });
      return option;
    }));
    if (devices.length === 0) {
      const option = new Option('', '');
      showText(option, 'audio.device.default');
      this.#device.replaceChildren(option);
    }
    this.#device.value = chosen;
    if (this.#device.selectedIndex < 0) this.#device.selectedIndex = 0;
  }
}
