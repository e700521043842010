/**
 * One recording, from its start to its file. Nothing is uploaded.
 * @import {Format} from './recording-format.js'
 */
import { recordingBitrate } from './recording-format.js';

/** Interval at which the recorder delivers data, and the shown size changes. */
const SLICE_MS = 1_000;

/** After this time without new data the encoder has finished its queue. */
const DRAINED_MS = 600;
const LOOK_MS = 200;

/** A computer that cannot catch up within this time loses the end of the file. */
const MAX_DRAIN_MS = 10_000;

/** Largest file: browsers keep it in memory or in their own folder. The recording stops when it is reached. */
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

  /** The complete file, after the recording ended; rejects if there is no data. @type {Promise<Blob>} */
  file;

  /**
   * @param {MediaStream} stream
   * @param {Format} format
   * @param {import('../call/protocol.js').Size} size of the video
   */
  constructor(stream, format, [width, height]) {
    this.#format = format;
    this.#recorder = new MediaRecorder(stream, {
      mimeType: format.mimeType,
      videoBitsPerSecond: recordingBitrate(width, height),
    });
    this.#recorder.addEventListener('dataavailable', ({ data }) => this.#keep(data));
    // Its time stamp, not the time now: a busy page handles the event later, when there are frames already.
    this.#recorder.addEventListener('start', ({ timeStamp }) => { this.#began = timeStamp; });
    this.file = new Promise((resolve, reject) => {
      // Also fired after an error: the data until then are a valid file.
      this.#recorder.addEventListener('stop', () => {
        this.#ended ??= performance.now(); // it ended with its tracks
        if (this.bytes > 0) resolve(new Blob(this.#pieces, { type: `video/${format.container}` }));
        else reject(new Error('the recorder gave nothing'));
      });
    });
    this.#recorder.start(SLICE_MS);
  }

  get container() {
    return this.#format.container;
  }

  /** Length in seconds. */
  get seconds() {
    return ((this.#ended ?? performance.now()) - this.#began) / 1000;
  }

  /**
   * Takes no more frames, and ends the file when the encoder has finished its queue. Chromium would discard the queue,
   * which on a busy computer has the last seconds.
   */
  async stop() {
    const recorder = this.#recorder;
    if (recorder.state !== 'recording') return;
    this.#ended = performance.now();
    recorder.pause();
    const waits = () => recorder.state === 'paused'; // it ends by itself with its tracks
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
