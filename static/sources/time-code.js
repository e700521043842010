/**
 * A number in the picture of the sample clip, as on the film of a clapperboard: it names a frame after encoding, scaling
 * and enhancement, so that the drawn frame is known that a returned one was made from.
 */

/** Numbers that a code can hold. */
export const CODES = 256;

/** Blocks: eight bits, and a ninth that makes the number of white ones odd. */
const BITS = 8;

/** Size of a block, in units of a frame of 640 x 360. */
const [BLOCK_WIDTH, BLOCK_HEIGHT] = [16, 8];

/** Levels of luma beyond which a block is white or black, after encoding. */
const [WHITE, BLACK] = [170, 85];

/** Share of the frame's height that the code takes at the bottom. */
export const CODE_ROWS = BLOCK_HEIGHT / 360;

/**
 * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context
 * @param {number} code 0 to CODES - 1
 */
export function drawCode(context, code) {
  const { width, height } = context.canvas;
  const bits = bitsOf(code);
  bits.forEach((bit, index) => {
    context.fillStyle = bit ? '#ffffff' : '#000000';
    context.fillRect(...block(index, width, height));
  });
}

/**
 * @param {Float32Array} luma of the frame, 0 to 255
 * @param {number} width of the frame in pixels
 * @returns {number | null} null if there is no code, or it is not readable
 */
export function readCode(luma, width) {
  const height = luma.length / width;
  const bits = Array.from({ length: BITS + 1 }, (_, index) => {
    const [left, top, across, down] = block(index, width, height);
    const middle = Math.floor(top + down / 2) * width + Math.floor(left + across / 2);
    const level = luma[middle] ?? 0;
    return level > WHITE ? true : level < BLACK ? false : null;
  });
  const code = bits.slice(0, BITS).reduce((sum, bit, index) => sum + (bit ? 2 ** index : 0), 0);
  return bits.every((bit, index) => bit === bitsOf(code)[index]) ? code : null;
}

/** @param {number} code @returns {boolean[]} */
function bitsOf(code) {
  const bits = Array.from({ length: BITS }, (_, index) => Math.floor(code / 2 ** index) % 2 === 1);
  return [...bits, bits.filter(Boolean).length % 2 === 0];
}

/**
 * @param {number} index @param {number} width of the frame @param {number} height
 * @returns {[left: number, top: number, width: number, height: number]}
 */
function block(index, width, height) {
  const [across, down] = [(BLOCK_WIDTH * width) / 640, (BLOCK_HEIGHT * height) / 360];
  return [index * across, height - down, across, down];
}
