/**
 * Marks the places of the enhanced frame that come from the memory of the call. The server sends them a few times per
 * second, so the marks may follow fast motion late.
 * @import {MemoryMask} from '../call/protocol.js'
 */

/** Red, green, blue and opacity of a marked place. */
const MARK = [255, 176, 0, 80];

export class MemoryOverlay {
  #canvas;

  /** @param {HTMLCanvasElement} canvas above the enhanced frame; CSS enlarges it to the size of the frame */
  constructor(canvas) {
    this.#canvas = canvas;
  }

  /** @param {MemoryMask | null} mask null to mark nothing */
  show(mask) {
    const canvas = this.#canvas;
    const context = mask && mask.columns > 0 && mask.rows > 0 ? canvas.getContext('2d') : null;
    canvas.hidden = context === null;
    if (!mask || !context) return;
    const { columns, rows, cells } = mask;
    [canvas.width, canvas.height] = [columns, rows];
    const image = context.createImageData(columns, rows);
    for (let cell = 0; cell < columns * rows; cell++) {
      if ((cells[cell >> 3] ?? 0) & (0x80 >> (cell & 7))) image.data.set(MARK, 4 * cell);
    }
    context.putImageData(image, 0, 0);
  }
}
