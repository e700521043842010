/**
 * "Show me the difference": a good connection for some seconds, in which the server sees the scene sharp, and then a
 * poor one, with the divider on the part of the frame that has most detail.
 * @import {Preset} from '../uplink/presets.js'
 */

/** Time with a good connection. The sender's bit rate rises from 300 kbit/s within about four seconds. */
const GOOD_MS = 6_000;

/** Time after which the frames of the poor connection are shown. */
const POOR_MS = 1_500;

/** What happens now; null at the end. @typedef {'start' | 'good' | 'poor' | null} Phase */

/**
 * @typedef {object} Parts of the page
 * @property {() => void} start opens a call if there is none, with the sample clip unless a camera is chosen
 * @property {(preset: Preset) => void} connect
 * @property {() => void} whole shows the whole frame, with the divider
 * @property {() => void} close shows the part with most detail, enlarged
 * @property {(phase: Phase) => void} caption
 * @property {(ms: number, signal: AbortSignal) => Promise<void>} wait rejects when the signal aborts
 */

export class Demonstration {
  #parts;
  /** @type {AbortController | null} */
  #running = null;
  #isLive = false;
  /** @type {() => void} */
  #onLive = () => {};

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
  }

  get running() {
    return this.#running !== null;
  }

  /** Begins, or begins again. */
  async run() {
    this.end();
    const running = new AbortController();
    this.#running = running;
    const { signal } = running;
    const parts = this.#parts;
    try {
      parts.caption('start');
      parts.connect('good');
      parts.whole();
      parts.start();
      await this.#live(signal);
      parts.caption('good');
      await parts.wait(GOOD_MS, signal);
      parts.connect('half');
      parts.caption('poor');
      await parts.wait(POOR_MS, signal);
      parts.close();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** @param {boolean} live whether enhanced frames return now */
  set live(live) {
    this.#isLive = live;
    if (live) this.#onLive();
  }

  /** The call has ended, or the user chose another connection. */
  end() {
    if (!this.#running) return;
    this.#running.abort();
    this.#running = null;
    this.#parts.caption(null);
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} */
  #live(signal) {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', reject);
      this.#onLive = resolve;
      if (this.#isLive) resolve();
    });
  }
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
export function wait(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}
