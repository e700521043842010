/** Finds the part of a frame with most detail. */

/** Pixels on each side of a cell whose detail is summed. */
const CELL = 16;

/**
 * @param {Float32Array} luma
 * @param {number} width of the frame in pixels
 * @param {[width: number, height: number]} part size of the wanted part in pixels
 * @returns {[x: number, y: number]} its centre as fractions of the frame's sides
 */
export function densest(luma, width, [across, down]) {
  const height = luma.length / width;
  const [columns, rows] = [Math.max(1, Math.floor(width / CELL)), Math.max(1, Math.floor(height / CELL))];
  // Sums over all cells above and to the left, so that the sum of any rectangle takes four look-ups.
  const sums = new Float64Array((columns + 1) * (rows + 1));
  const at = (/** @type {number} */ x, /** @type {number} */ y) => sums[y * (columns + 1) + x] ?? 0;
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      sums[(y + 1) * (columns + 1) + x + 1] = detail(luma, width, x, y) + at(x, y + 1) + at(x + 1, y) - at(x, y);
    }
  }
  const [wide, high] = [cells(across, columns), cells(down, rows)];
  let [best, left, top] = [-1, 0, 0];
  for (let y = 0; y + high <= rows; y++) {
    for (let x = 0; x + wide <= columns; x++) {
      const sum = at(x + wide, y + high) - at(x, y + high) - at(x + wide, y) + at(x, y);
      if (sum > best) [best, left, top] = [sum, x, y];
    }
  }
  return [(left + wide / 2) / columns, (top + high / 2) / rows];
}

/** @param {number} pixels @param {number} most */
function cells(pixels, most) {
  return Math.min(Math.max(1, Math.round(pixels / CELL)), most);
}

/**
 * Differences of neighbours, each at most a little: one hard edge is no detail.
 * @param {Float32Array} luma @param {number} width @param {number} column @param {number} row
 */
function detail(luma, width, column, row) {
  let sum = 0;
  for (let y = row * CELL; y < (row + 1) * CELL; y++) {
    for (let x = column * CELL + 1; x < (column + 1) * CELL; x++) {
      const i = y * width + x;
      sum += Math.min(Math.abs((luma[i] ?? 0) - (luma[i - 1] ?? 0)), MAX_STEP);
    }
  }
  return sum;
}

/** Levels of luma. */
const MAX_STEP = 32;
