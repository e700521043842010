/**
 * Visual information fidelity in the pixel domain (Sheikh and Bovik, "Image information and visual quality", IEEE
 * Transactions on Image Processing 15(2), 2006): the share of the information of a frame that is still there. Blur lowers
 * it and restored detail raises it. VMAF is computed from it and two other measures.
 */

const SCALES = 4;

/** Variance of the noise of the eye, in grey levels squared. */
const NOISE = 2;
const TINY = 1e-10;

/** @typedef {{data: Float64Array, width: number, height: number}} Plane */

/**
 * @param {Float32Array} image
 * @param {Float32Array} truth of the same size
 * @param {number} width at least 41
 * @param {number} height at least 41
 * @returns {number} 1 for equal images, less for worse ones, more for one with more contrast
 */
export function vif(image, truth, width, height) {
  /** @type {Plane} */
  let seen = { data: Float64Array.from(image), width, height };
  /** @type {Plane} */
  let known = { data: Float64Array.from(truth), width, height };
  let [kept, all] = [0, 0];
  for (let scale = 0; scale < SCALES; scale++) {
    const kernel = gaussian(2 ** (SCALES - scale) + 1);
    if (scale > 0) [seen, known] = [halved(filtered(seen, kernel)), halved(filtered(known, kernel))];
    const [means, squares] = [[seen, known], [product(seen, seen), product(known, known), product(seen, known)]]
      .map((planes) => planes.map((plane) => filtered(plane, kernel).data));
    const [seenMean, knownMean] = /** @type {[Float64Array, Float64Array]} */ (means);
    const [seenSquare, knownSquare, both] = /** @type {[Float64Array, Float64Array, Float64Array]} */ (squares);
    for (let i = 0; i < both.length; i++) {
      const [a, b] = [seenMean[i] ?? 0, knownMean[i] ?? 0];
      const seenVariance = Math.max((seenSquare[i] ?? 0) - a * a, 0);
      const knownVariance = Math.max((knownSquare[i] ?? 0) - b * b, 0);
      kept += informationKept(seenVariance, knownVariance, (both[i] ?? 0) - a * b);
      all += knownVariance < TINY ? 0 : Math.log(1 + knownVariance / NOISE);
    }
  }
  return all === 0 ? 1 : kept / all;
}

/** @param {number} seen variance @param {number} known variance @param {number} both covariance */
function informationKept(seen, known, both) {
  const gain = both / (known + TINY);
  if (known < TINY || seen < TINY || gain < 0) return 0;
  return Math.log(1 + gain ** 2 * known / (Math.max(seen - gain * both, TINY) + NOISE));
}

/** @param {number} size @returns {Float64Array} of the sum 1 */
function gaussian(size) {
  const weights = Float64Array.from({ length: size }, (_, i) => Math.exp(-0.5 * ((i - (size - 1) / 2) / (size / 5)) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Filters rows and columns; the border without all neighbours is left out. @param {Plane} plane @param {Float64Array} kernel */
function filtered({ data, width, height }, kernel) {
  const size = kernel.length;
  const [across, down] = [width - size + 1, height - size + 1];
  const rows = new Float64Array(across * height);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < across; x++, at++) {
      let sum = 0;
      for (let i = 0, from = y * width + x; i < size; i++) sum += (kernel[i] ?? 0) * (data[from + i] ?? 0);
      rows[at] = sum;
    }
  }
  const result = new Float64Array(across * down);
  for (let at = 0; at < result.length; at++) {
    let sum = 0;
    for (let i = 0, from = at; i < size; i++, from += across) sum += (kernel[i] ?? 0) * (rows[from] ?? 0);
    result[at] = sum;
  }
  return { data: result, width: across, height: down };
}

/** Every second pixel of every second row. @param {Plane} plane @returns {Plane} */
function halved({ data, width, height }) {
  const [across, down] = [Math.ceil(width / 2), Math.ceil(height / 2)];
  const result = new Float64Array(across * down);
  for (let y = 0, at = 0; y < down; y++) {
    for (let x = 0; x < across; x++, at++) result[at] = data[2 * y * width + 2 * x] ?? 0;
  }
  return { data: result, width: across, height: down };
}

/** @param {Plane} a @param {Plane} b @returns {Plane} */
function product(a, b) {
  return { ...a, data: a.data.map((value, i) => value * (b.data[i] ?? 0)) };
}
