/**
 * Sharpness as the variance of the Laplacian of luma (Pech-Pacheco et al., ICPR 2000): larger with more fine detail. It
 * counts noise and coding artefacts as detail, so it compares frames of the same scene only.
 */

/** Size in pixels of the measured centre, for 2 ms of computing. */
const WIDTH = 512;
const HEIGHT = 288;

/**
 * @param {Uint8ClampedArray} rgba
 * @param {number} width of the frame in pixels
 * @returns {number} in squared 8-bit levels of BT.601 luma; 0 for a frame smaller than 3x3
 */
export function laplacianVariance(rgba, width) {
  const luma = new Float32Array(rgba.length / 4);
  for (let i = 0, at = 0; i < luma.length; i++, at += 4) {
    luma[i] = 0.299 * level(rgba, at) + 0.587 * level(rgba, at + 1) + 0.114 * level(rgba, at + 2);
  }
  const height = luma.length / width;
  let [sum, squares, count] = [0, 0, 0];
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++) {
      const value = level(luma, i - 1) + level(luma, i + 1) + level(luma, i - width) + level(luma, i + width)
        - 4 * level(luma, i);
      sum += value;
      squares += value * value;
      count++;
    }
  }
  return count === 0 ? 0 : squares / count - (sum / count) ** 2;
}

/** @param {Uint8ClampedArray | Float32Array} values @param {number} at */
function level(values, at) {
  return values[at] ?? 0;
}

/** Measures the centre of frames at their own resolution. */
export class SharpnessMeter {
  // A separate canvas, because reading back a visible one would permanently move it out of graphics memory.
  #context = new OffscreenCanvas(WIDTH, HEIGHT).getContext('2d', { willReadFrequently: true });

  /**
   * @param {HTMLCanvasElement} frame
   * @returns {number | null} null if there is no frame
   */
  measure(frame) {
    const width = Math.min(WIDTH, frame.width);
    const height = Math.min(HEIGHT, frame.height);
    if (!this.#context || !width || !height) return null;
    const left = Math.floor((frame.width - width) / 2);
    const top = Math.floor((frame.height - height) / 2);
    this.#context.drawImage(frame, left, top, width, height, 0, 0, width, height);
    return laplacianVariance(this.#context.getImageData(0, 0, width, height).data, width);
  }
}
