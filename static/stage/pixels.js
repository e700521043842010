/** Pixels of a visible canvas. */
import { lumaOf } from '../fidelity/psnr.js';

/**
 * By a copy, because reading back a visible canvas would permanently move it out of graphics memory.
 * @param {HTMLCanvasElement} canvas
 * @returns {Float32Array | null} BT.601 luma; null if there is no frame
 */
export function readLuma(canvas) {
  const { width, height } = canvas;
  if (!width || !height) return null;
  const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!copy) return null;
  copy.drawImage(canvas, 0, 0);
  return lumaOf(copy.getImageData(0, 0, width, height).data);
}
