/**
 * A student in this browser: luma in, sharpened luma of the same size out. Runs in a worker, because it blocks.
 *
 * ONNX Runtime and the student are loaded from this server when a student is opened. With WebGPU the graphics processor
 * computes, else the processor with SIMD instructions, in threads where the page is cross-origin isolated.
 * @import {Hints} from './hints.js'
 */
import { codesOf, fill } from './hints.js';

const RUNTIME = new URL('./runtime/', import.meta.url).href;

/** With more threads than this the small layers of a student wait for each other. */
const MAX_THREADS = 4;

/** ONNX Runtime has no types here. @typedef {any} Runtime */

export class Student {
  #runtime;
  #session;
  /** Luma and hints, one after the other. @type {Uint8Array} */
  #planes = new Uint8Array(0);

  /**
   * @param {Runtime} runtime
   * @param {any} session
   * @param {string} provider
   */
  constructor(runtime, session, provider) {
    this.#runtime = runtime;
    this.#session = session;
    this.provider = provider;
  }

  /**
   * @param {string} name of a student that ships with the server
   * @param {boolean} [graphics] whether WebGPU may be used
   * @returns {Promise<Student>} rejects if the runtime is not installed on the server, or does not run here
   */
  static async open(name, graphics = true) {
    const gpu = graphics && await hasGraphics();
    const runtime = await import(`${RUNTIME}ort.${gpu ? 'webgpu' : 'wasm'}.min.mjs`);
    const threads = self.crossOriginIsolated ? Math.min(MAX_THREADS, Math.ceil(navigator.hardwareConcurrency / 2)) : 1;
    Object.assign(runtime.env.wasm, { wasmPaths: RUNTIME, numThreads: threads });
    const session = await runtime.InferenceSession.create(new URL(`../students/${name}.onnx`, import.meta.url).href, {
      executionProviders: [gpu ? 'webgpu' : 'wasm'],
      logSeverityLevel: 3, // it warns that integers are converted on the processor
    });
    return new Student(runtime, session, gpu ? 'WebGPU' : `WebAssembly × ${threads}`);
  }

  /**
   * @param {Uint8Array} luma rows of `width`, without padding
   * @param {number} width
   * @param {number} height
   * @param {Hints} hints
   * @param {number} strength factor of the correction
   * @returns {Promise<Uint8Array>} of the same form
   */
  async sharpen(luma, width, height, hints, strength) {
    // The student works on cells of 2x2: an odd frame gets its last column and row twice.
    const [across, down] = [width + width % 2, height + height % 2];
    const pixels = across * down;
    if (this.#planes.length !== 2 * pixels) this.#planes = new Uint8Array(2 * pixels);
    const planes = this.#planes;
    copyRows(luma, [width, height], planes, [across, down]);
    fill(planes.subarray(pixels), across, codesOf(hints));
    const { Tensor } = this.#runtime;
    const { sharpened } = await this.#session.run({
      planes: new Tensor('uint8', planes, [1, 2, down, across]),
      strength: new Tensor('float32', [strength], [1, 1, 1, 1]),
    });
    const data = /** @type {Uint8Array} */ (await sharpened.getData());
    sharpened.dispose();
    if (across === width) return data.subarray(0, width * height);
    const result = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) result.set(data.subarray(y * across, y * across + width), y * width);
    return result;
  }

  close() {
    return this.#session.release();
  }
}

/** @returns {Promise<boolean>} whether there is a graphics processor; one that is emulated is slower than WebAssembly */
async function hasGraphics() {
  const { gpu } = /** @type {{gpu?: any}} */ (navigator);
  const adapter = await gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter));
}

/**
 * @param {Uint8Array} from
 * @param {readonly [number, number]} size
 * @param {Uint8Array} to
 * @param {readonly [number, number]} padded size
 */
function copyRows(from, [width, height], to, [across, down]) {
  for (let y = 0; y < down; y++) {
    const begin = Math.min(y, height - 1) * width;
    to.set(from.subarray(begin, begin + width), y * across);
    if (across > width) to[y * across + width] = from[begin + width - 1] ?? 0;
  }
}
