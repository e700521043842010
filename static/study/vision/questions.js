/** The questions of the eyesight check: what is shown, which keys answer it, and which of them is right. */

/** @typedef {'brightness' | 'acuity' | 'colour'} Test */
/**
 * @typedef {object} Question
 * @property {Test} test
 * @property {string[]} answers keys, in the order of their buttons
 * @property {string} right one of them
 * @property {number} level of the squares (0 dark, 1 bright) for brightness; stroke in screen pixels for acuity
 */

export const ARROWS = ['ArrowUp', 'ArrowRight', 'ArrowDown', 'ArrowLeft'];
const DIGITS = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'];

/** Strokes of the combs in screen pixels: detail of two pixels is what a student adds or not. */
const STROKES = [3, 3, 2, 2, 2];
const PLATES = 3;

/** Right answers that a test needs. @type {Record<Test, number>} */
export const PASSES = { brightness: 2, acuity: 4, colour: 2 };

/** @param {() => number} random from 0 to 1 @returns {Question[]} */
export function questions(random) {
  /** @param {string[]} from */
  const pick = (from) => /** @type {string} */ (from[Math.floor(random() * from.length)]);
  return [
    ...[0, 1].map((level) => question('brightness', DIGITS.slice(0, 7), pick(DIGITS.slice(2, 7)), level)),
    ...STROKES.map((stroke) => question('acuity', ARROWS, pick(ARROWS), stroke)),
    ...Array.from({ length: PLATES }, () => question('colour', DIGITS, pick(DIGITS.slice(2)), 0)),
  ];
}

/** @param {Test} test @param {string[]} answers @param {string} right @param {number} level @returns {Question} */
function question(test, answers, right, level) {
  return { test, answers, right, level };
}
