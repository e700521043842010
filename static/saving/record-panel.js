/**
 * Controls of a recording: content, format, and its progress.
 * @import {Pair} from '../pairs/pairing.js'
 * @import {Size} from '../call/protocol.js'
 * @import {Container} from './recording-format.js'
 */
import { disable, element, write } from '../dom.js';
import { showText } from '../texts.js';
import { fileName, offerFile } from './file-name.js';
import { recordingFormats } from './recording-format.js';
import { Recording } from './recording.js';
import { SideBySide } from './side-by-side.js';

const REFRESH_MS = 250;

export class RecordPanel {
  #what = element('record-what', HTMLSelectElement);
  #format = element('record-format', HTMLSelectElement);
  #button = element('record', HTMLButtonElement);
  #progress = element('record-progress', HTMLElement);
  #message = element('record-message', HTMLElement);
  #link = element('record-file', HTMLAnchorElement);
  /** @type {Recording | null} */
  #recording = null;
  /** @type {SideBySide | null} */
  #sideBySide = null;
  /** @type {MediaStream | null} */
  #enhanced = null;
  /** @type {() => Size} */
  #sizeNow;

  /** @param {() => Size} sizeNow of the enhanced video; zeros if there is none */
  constructor(sizeNow) {
    this.#sizeNow = sizeNow;
    this.#button.addEventListener('click', () => (this.#recording ? this.#stop(this.#recording) : this.#start()));
    this.#offerFormats();
    this.#show();
  }

  /** @param {MediaStream | null} enhanced null ends a recording */
  set stream(enhanced) {
    this.#enhanced = enhanced;
    if (!enhanced) this.#recording?.stop();
    this.#show();
  }

  /** @param {Pair} pair */
  draw(pair) {
    this.#sideBySide?.draw(pair);
  }

  #offerFormats() {
    const formats = typeof MediaRecorder === 'undefined' ? [] : recordingFormats(false, MediaRecorder.isTypeSupported);
    for (const { container } of formats) this.#format.add(new Option(container === 'mp4' ? 'MP4' : 'WebM', container));
    if (formats.length === 0) showText(this.#message, 'stage.record.none');
  }

  async #start() {
    const stream = this.#enhanced;
    if (!stream) return;
    // A track that is still silent would delay the file.
    const audioTracks = stream.getAudioTracks().filter(({ readyState, muted }) => readyState === 'live' && !muted);
    const wanted = /** @type {Container} */ (this.#format.value);
    const format = recordingFormats(audioTracks.length > 0, MediaRecorder.isTypeSupported)
      .find(({ container }) => container === wanted);
    this.#sideBySide = this.#what.value === 'both' ? new SideBySide(this.#sizeNow()) : null;
    const source = this.#sideBySide ? this.#sideBySide.capture() : stream;
    try {
      if (!format) throw new Error(`no codecs for ${wanted}`);
      const size = this.#sideBySide?.size ?? this.#sizeNow();
      this.#recording = new Recording(new MediaStream([...source.getVideoTracks(), ...audioTracks]), format, size);
      showText(this.#message, 'stage.record.on');
      this.#show();
      await this.#finish(this.#recording);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      showText(this.#message, 'stage.record.failed', { detail });
    } finally {
      if (this.#sideBySide) for (const track of source.getTracks()) track.stop();
      this.#recording = this.#sideBySide = null;
      this.#show();
    }
  }

  /** @param {Recording} recording */
  #stop(recording) {
    disable(this.#button, true);
    showText(this.#message, 'stage.record.ending');
    recording.stop();
  }

  /** @param {Recording} recording */
  async #finish(recording) {
    const timer = setInterval(() => this.#showProgress(recording), REFRESH_MS);
    try {
      const file = await recording.file;
      const name = fileName(new Date(), recording.container);
      showText(this.#link, 'stage.record.file', { name });
      offerFile(this.#link, file, name);
      showText(this.#message, 'stage.record.done');
    } finally {
      clearInterval(timer);
      this.#showProgress(recording);
    }
  }

  /** @param {Recording} recording */
  #showProgress(recording) {
    write(this.#progress, `${clock(recording.seconds)} · ${(recording.bytes / 1e6).toFixed(1)} MB`);
  }

  #show() {
    const recording = this.#recording !== null;
    showText(this.#button, recording ? 'stage.record.stop' : 'stage.record.start');
    this.#button.toggleAttribute('data-recording', recording);
    disable(this.#button, !recording && (!this.#enhanced || this.#format.length === 0));
    this.#what.disabled = this.#format.disabled = recording;
  }
}

/** @param {number} seconds */
function clock(seconds) {
  const tenths = Math.floor(seconds * 10);
  const rest = (tenths % 600) / 10;
  return `${Math.floor(tenths / 600)}:${rest.toFixed(1).padStart(4, '0')}`;
}
