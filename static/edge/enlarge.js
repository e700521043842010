/** Bicubic enlargement of a plane, as the server's (FFmpeg's swscale, B = 0, C = 0.6). */

const C = 0.6;
const TAPS = 4;

/** Four samples and their weights for each place. @typedef {{at: Int32Array, weights: Float32Array}} Taps */

/**
 * @param {Uint8Array} plane rows of `width`, without padding
 * @param {readonly [number, number]} size
 * @param {readonly [number, number]} target
 * @returns {Uint8Array}
 */
export function enlarge(plane, [width, height], [across, down]) {
  const columns = tapsOf(width, across);
  const rows = tapsOf(height, down);
  const wide = new Float32Array(across * height);
  for (let y = 0; y < height; y++) filterRow(plane, y * width, columns, wide, y * across, across);
  const result = new Uint8ClampedArray(across * down);
  for (let y = 0; y < down; y++) {
    const [a = 0, b = 0, c = 0, d = 0] = rows.at.subarray(TAPS * y, TAPS * y + TAPS).map((row) => row * across);
    const [p = 0, q = 0, r = 0, s = 0] = rows.weights.subarray(TAPS * y, TAPS * y + TAPS);
    for (let x = 0, to = y * across; x < across; x++, to++) {
      result[to] = p * (wide[a + x] ?? 0) + q * (wide[b + x] ?? 0) + r * (wide[c + x] ?? 0) + s * (wide[d + x] ?? 0);
    }
  }
  return new Uint8Array(result.buffer);
}

/**
 * @param {Uint8Array} from
 * @param {number} begin of the row
 * @param {Taps} taps
 * @param {Float32Array} to
 * @param {number} at
 * @param {number} count
 */
function filterRow(from, begin, { at: samples, weights }, to, at, count) {
  for (let x = 0, tap = 0; x < count; x++, tap += TAPS) {
    let sum = 0;
    for (let i = tap; i < tap + TAPS; i++) sum += (weights[i] ?? 0) * (from[begin + (samples[i] ?? 0)] ?? 0);
    to[at + x] = sum;
  }
}

/** @param {number} from @param {number} to @returns {Taps} */
function tapsOf(from, to) {
  const at = new Int32Array(TAPS * to);
  const weights = new Float32Array(TAPS * to);
  for (let i = 0; i < to; i++) {
    const place = (i + 0.5) * from / to - 0.5;
    const first = Math.floor(place) - 1;
    for (let tap = 0; tap < TAPS; tap++) {
      at[TAPS * i + tap] = Math.min(Math.max(first + tap, 0), from - 1);
      weights[TAPS * i + tap] = cubic(Math.abs(place - first - tap));
    }
  }
  return { at, weights };
}

/** Mitchell and Netravali's family with B = 0. @param {number} x */
function cubic(x) {
  if (x < 1) return ((2 - C) * x - (3 - C)) * x * x + 1;
  if (x < 2) return ((-C * x + 5 * C) * x - 8 * C) * x + 4 * C;
  return 0;
}
