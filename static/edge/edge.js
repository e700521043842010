/**
 * Enhancement on this device: each pair of frames goes through a worker with a student, and is shown when its enhanced
 * frame is ready. Of frames that arrive meanwhile, the newest waits, as in the server.
 * @import {Pair} from '../pairs/pairing.js'
 * @import {Size} from '../call/protocol.js'
 * @import {Coding} from './coding.js'
 * @import {Done, Message, Order} from './worker.js'
 */
import { RecentPercentiles } from '../stage/percentiles.js';
import { UNCODED } from './coding.js';

export { Codings } from './coding.js';

/** Made by `make edge`, which installs the runtime. */
const VERSION = new URL('./runtime/version.txt', import.meta.url);

/** A pair with frames of its own. @typedef {Omit<Pair, 'enhanced'> & {enhanced: VideoFrame | ImageBitmap}} Copy */

/**
 * @typedef {object} EdgeEvents
 * @property {(pair: Pair) => void} onPair valid during the callback only
 * @property {(provider: string) => void} onReady where the student runs
 * @property {(reason: string) => void} onFailed no more pairs are shown
 */

/** @returns {Promise<boolean>} whether the server has the runtime that students need in a browser */
export async function isInstalled() {
  const reply = await fetch(VERSION, { method: 'HEAD' }).catch(() => null);
  return reply?.ok ?? false;
}

export class Edge {
  /** Size of the call. @type {Size} */
  size = [0, 0];
  strength = 1;
  /** @type {Coding} of the next frames */
  coding = UNCODED;
  #on;
  #worker;
  #times = new RecentPercentiles();
  /** In the worker. @type {Copy | null} */
  #under = null;
  /** @type {Copy | null} */
  #waiting = null;
  #closed = false;

  /** @param {EdgeEvents} on */
  constructor(on) {
    this.#on = on;
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    this.#worker.addEventListener('message', ({ data }) => this.#receive(data));
    this.#worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.#fail(event.message || 'the worker did not start');
    });
  }

  /** Milliseconds for a frame, over the last 5 s. @param {number} now */
  times(now) {
    return this.#times.read(now);
  }

  /** @param {Pair} pair valid during the call only */
  async take(pair) {
    const copy = await copyOf(pair);
    if (!copy || this.#closed) {
      if (copy) release(copy);
      return;
    }
    if (this.#waiting) release(this.#waiting);
    this.#waiting = copy;
    if (!this.#under) this.#next();
  }

  close() {
    this.#closed = true;
    this.#worker.terminate();
    for (const copy of [this.#under, this.#waiting]) {
      if (copy) release(copy);
    }
    this.#under = this.#waiting = null;
  }

  #next() {
    const copy = this.#under = this.#waiting;
    this.#waiting = null;
    if (!copy) return;
    const { size, strength, coding } = this;
    /** @type {Order} */
    const order = { frame: copy.enhanced, size, strength, coding };
    this.#worker.postMessage(order, [copy.enhanced]);
  }

  /** @param {Message} message */
  #receive(message) {
    if ('provider' in message) this.#on.onReady(message.provider);
    else if ('failure' in message) this.#fail(message.failure);
    else this.#show(message);
  }

  /** @param {Done} done */
  #show({ frame, ms }) {
    const copy = this.#under;
    this.#under = null;
    if (copy && !this.#closed) {
      const now = performance.now();
      this.#times.add(now, ms);
      const roundTrip = copy.roundTrip === null ? null : copy.roundTrip + now - copy.now;
      this.#on.onPair({ ...copy, enhanced: frame, now, roundTrip });
      closeFrame(copy.original);
    }
    frame.close();
    this.#next();
  }

  /** @param {string} reason */
  #fail(reason) {
    if (this.#closed) return;
    this.close();
    this.#on.onFailed(reason);
  }
}

/** @param {Pair} pair @returns {Promise<Copy | null>} null if the video has no frame */
async function copyOf(pair) {
  const original = pair.original && 'clone' in pair.original ? pair.original.clone() : pair.original;
  try {
    const enhanced = 'clone' in pair.enhanced ? pair.enhanced.clone() : await createImageBitmap(pair.enhanced);
    return { ...pair, original, enhanced };
  } catch {
    closeFrame(original);
    return null;
  }
}

/** @param {Copy} copy */
function release({ original, enhanced }) {
  closeFrame(original);
  enhanced.close();
}

/** @param {Pair['original']} frame */
function closeFrame(frame) {
  if (frame && 'close' in frame) frame.close();
}
