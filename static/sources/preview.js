/**
 * The video before a call, shown by a button: nothing is sent. It is closed before the call opens the same devices.
 * @import {Stage} from '../stage/stage.js'
 * @import {SourceSettings} from './source.js'
 */
import { CallError } from '../call/call-error.js';
import { element } from '../dom.js';
import { OutgoingVideo } from './outgoing-video.js';

/**
 * @typedef {object} PreviewEvents
 * @property {(track: MediaStreamTrack) => void} onTrack
 * @property {(failure: CallError | null) => void} onChange it was opened or closed; the reason if it failed
 */

export class Preview {
  #button = element('preview', HTMLButtonElement);
  #stage;
  #source;
  #on;
  #video;
  /** @type {AbortController | null} */
  #over = null;

  /**
   * @param {Stage} stage shows it as the original
   * @param {() => SourceSettings} source
   * @param {PreviewEvents} on
   */
  constructor(stage, source, on) {
    this.#stage = stage;
    this.#source = source;
    this.#on = on;
    this.#video = new OutgoingVideo({
      onTrack: (track) => {
        stage.showOriginal(new MediaStream([track]));
        on.onTrack(track);
      },
      onLost: (code) => this.#end(new CallError(code)),
      onSoftenFailed: () => {},
    });
    this.#button.ariaPressed = 'false';
    this.#button.addEventListener('click', () => (this.isOpen ? this.close() : this.#open()));
  }

  get isOpen() {
    return this.#over !== null;
  }

  /** The source was changed. */
  refresh() {
    if (this.isOpen) this.#open();
  }

  close() {
    if (this.isOpen) this.#end(null);
  }

  /** @param {boolean} inCall whether the button has no use */
  set inCall(inCall) {
    this.#button.hidden = inCall;
  }

  async #open() {
    const over = this.#over ??= new AbortController();
    this.#button.ariaPressed = 'true';
    this.#on.onChange(null);
    try {
      await this.#video.open(this.#source(), over.signal);
    } catch (error) {
      if (!over.signal.aborted) this.#end(CallError.from(error));
    }
  }

  /** @param {CallError | null} failure */
  #end(failure) {
    this.#over?.abort();
    this.#over = null;
    this.#button.ariaPressed = 'false';
    this.#video.close();
    this.#stage.clear();
    this.#on.onChange(failure);
  }
}
