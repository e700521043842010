/**
 * One recording, from its start to its file. It stays in the browser.
 * @import {Format} from './recording-format.js'
 */
import { recordingBitrate } from './recording-format.js';

/** How often the recorder gives what it has: a size is shown as often. */
const SLICE_MS = 1_000;

/** An encoder that gives nothing more for as long as this has done all that it had. */
const DRAINED_MS = 600;
const LOOK_MS = 200;

/** A machine that cannot catch up within this time loses the end of its file. */
const MAX_DRAIN_MS = 10_000;

/** Browsers keep a file's pieces in memory or in their own folder: beyond this the recording ends by itself. */
export const MAX_BYTES = 2 * 1024 ** 3;

export class Recording {
  /** @type {Blob[]} */
  #pieces = [];
  #began = performance.now();
  /** @type {number | null} */
  #ended = null;
  #recorder;
  #format;
  bytes = 0;

  /** The whole file, once the recording has ended; rejects where the browser failed. @type {Promise<Blob>} */
  file;

  /**
   * @param {MediaStream} stream
   * @param {Format} format
   * @param {import('../call/protocol.js').Size} size of the picture
   */
  constructor(stream, format, [width, height]) {
    this.#format = format;
    this.#recorder = new MediaRecorder(stream, {
      mimeType: format.mimeType,
      videoBitsPerSecond: recordingBitrate(width, height),
    });
    this.#recorder.addEventListener('dataavailable', ({ data }) => this.#keep(data));
    this.#recorder.addEventListener('start', () => { this.#began = performance.now(); });
    this.file = new Promise((resolve, reject) => {
      // After an error comes `stop` too: what there is until then is a file as well, if there is any.
      this.#recorder.addEventListener('stop', () => {
        this.#ended ??= performance.now(); // it ended by itself, as its tracks did
        if (this.bytes > 0) resolve(new Blob(this.#pieces, { type: `video/${format.container}` }));
        else reject(new Error('the recorder gave nothing'));
      });
    });
    this.#recorder.start(SLICE_MS);
  }

  get container() {
    return this.#format.container;
  }

  /** How long it is by now, or became. */
  get seconds() {
    return ((this.#ended ?? performance.now()) - this.#began) / 1000;
  }

  /**
   * Takes no more pictures, and ends the file when the encoder has done those that it has: Chromium throws away what
   * waits for it, which on a busy machine is the last seconds.
   */
  async stop() {
    const recorder = this.#recorder;
    if (recorder.state !== 'recording') return;
    this.#ended = performance.now();
    recorder.pause();
    const waits = () => recorder.state === 'paused'; // it ends by itself where its tracks do
    let quiet = 0;
    for (let waited = 0; waited < MAX_DRAIN_MS && quiet < DRAINED_MS; waited += LOOK_MS) {
      const before = this.bytes;
      if (waits()) recorder.requestData();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      quiet = this.bytes === before ? quiet + LOOK_MS : 0;
    }
    if (waits()) recorder.stop();
  }

  /** @param {Blob} piece */
  #keep(piece) {
    if (piece.size === 0) return;
    this.#pieces.push(piece);
    this.bytes += piece.size;
    if (this.bytes > MAX_BYTES) this.stop();
  }
}
