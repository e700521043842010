/**
 * PSNR and visual information fidelity of the sample clip before and after: its frames are drawn by this page, so the truth is known.
 * @import {Half} from '../pairs/painter.js'
 */

/**
 * PSNR in dB of luma, against the drawn frame, and the visual information fidelity of the middle of the frame.
 * @typedef {{before: number, after: number, vifBefore: number, vifAfter: number}} Fidelity
 */

/** @typedef {{original: ImageBitmap, enhanced: ImageBitmap, moments: Map<number, number>}} Compare */

/** Time after which a measurement says nothing about the frames of now. */
const OLD_MS = 5_000;

export class FidelityMeter {
  /** The last measurement; null if nothing is known. @type {Fidelity | null} */
  last = null;
  #halves;
  #moments;
  /** @type {Worker | null} */
  #worker = null;
  #busy = false;
  #at = -Infinity;

  /**
   * @param {{original: Half, enhanced: Half}} halves
   * @param {ReadonlyMap<number, number>} moments of the sample clip, empty for other sources
   */
  constructor(halves, moments) {
    this.#halves = halves;
    this.#moments = moments;
  }

  /** Whether no measurement is under way. */
  get settled() {
    return !this.#busy;
  }

  /** Measures the pair that is shown. */
  async measure() {
    const { original, enhanced } = this.#halves;
    if (performance.now() - this.#at > OLD_MS) this.last = null;
    if (this.#moments.size === 0 || !original.size || !enhanced.size) this.last = null;
    else if (!this.#busy) await this.#compare(original.canvas, enhanced.canvas);
  }

  clear() {
    this.last = null;
    this.#worker?.terminate();
    this.#worker = null;
    this.#busy = false;
  }

  /** @param {HTMLCanvasElement} before @param {HTMLCanvasElement} after */
  async #compare(before, after) {
    this.#busy = true;
    const worker = this.#worker ??= this.#start();
    // Both at once, before another pair is drawn.
    const [original, enhanced] = await Promise.all([before, after].map((canvas) => createImageBitmap(canvas)));
    if (!original || !enhanced || worker !== this.#worker) return;
    const compare = { original, enhanced, moments: new Map(this.#moments) };
    worker.postMessage(compare, [original, enhanced]);
  }

  #start() {
    const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
    worker.addEventListener('message', ({ data }) => {
      this.#busy = false;
      // Two different frames, or an unreadable number: the last measurement remains for some seconds.
      if (!data) return;
      this.last = data;
      this.#at = performance.now();
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      this.last = null; // and stays busy: no measurement is better than one error per second
    });
    return worker;
  }
}
