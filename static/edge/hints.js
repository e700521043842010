/**
 * Hints of a frame and their form as an input of a student: model/hints.py and model/sharpness.py, of which tests
 * compare the results.
 */

/**
 * @typedef {object} Hints
 * @property {number} step quantiser step in grey levels; 0 for a frame that was not coded
 * @property {number} bits bits per coded pixel
 * @property {number} reduction width of the call divided by the sent width
 * @property {number} sharpness of the input of the student
 */

const MIN_STEP = 0.5;
const MIN_BITS = 1e-3;
const PER_OCTAVE = 24;
const PER_DOUBLING = 96;

/** Every fourth row is measured. */
const ROWS = 4;

/** @param {Hints} hints @returns {[number, number, number, number]} bytes */
export function codesOf({ step, bits, reduction, sharpness }) {
  const codes = [
    PER_OCTAVE * Math.log2(Math.max(step, MIN_STEP) / MIN_STEP),
    PER_OCTAVE * Math.log2(Math.max(bits, MIN_BITS) / MIN_BITS),
    PER_DOUBLING * Math.log2(Math.max(reduction, 1)),
    255 * Math.max(sharpness, 0),
  ];
  const bytes = codes.map((code) => Math.min(Math.round(code), 255));
  return /** @type {[number, number, number, number]} */ (bytes);
}

/**
 * Fills the plane of hints of a frame.
 * @param {Uint8Array} plane of `width` and an even number of rows
 * @param {number} width even
 * @param {readonly [number, number, number, number]} codes
 */
export function fill(plane, width, [step, bits, reduction, sharpness]) {
  for (const [row, left, right] of /** @type {const} */ ([[0, step, bits], [1, reduction, sharpness]])) {
    for (let x = 0; x < width; x += 2) {
      plane[row * width + x] = left;
      plane[row * width + x + 1] = right;
    }
  }
  for (let done = 2 * width; done < plane.length; done *= 2) {
    plane.copyWithin(done, 0, Math.min(done, plane.length - done));
  }
}

/**
 * @param {Uint8Array} luma rows of `width`, without padding
 * @param {number} width
 * @param {number} height
 * @returns {number} detail at the finest scale divided by detail at the next, 0 to 1
 */
export function detailRatio(luma, width, height) {
  let fine = 0;
  let coarse = 0;
  for (let y = 0; y < height; y += ROWS) {
    const end = y * width + width - 2;
    for (let at = y * width + 2; at < end; at++) {
      const centre = 2 * (luma[at] ?? 0);
      fine += Math.abs((luma[at - 1] ?? 0) + (luma[at + 1] ?? 0) - centre);
      coarse += Math.abs((luma[at - 2] ?? 0) + (luma[at + 2] ?? 0) - centre);
    }
  }
  return coarse ? Math.min(fine / coarse, 1) : 0;
}
