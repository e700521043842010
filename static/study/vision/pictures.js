/**
 * The pictures of the eyesight check, drawn anew each time.
 * @import {Question} from './questions.js'
 */
import { size } from '../pixels.js';
import { ARROWS } from './questions.js';

/** Grey levels of the squares on black and on white: four and five per cent of the signal from the ground. */
const SQUARES = /** @type {const} */ ([[0, 11], [255, 242]]);
const SIDE = 28;
const PLATE = 320;
const DOTS = 900;
/**
 * Linear sRGB of the digit and of the ground: the long and short cones (Hunt, Pointer and Estévez) answer both alike, so
 * that they differ in the medium cones alone, the ones that the most frequent colour deficiency lacks.
 */
const DIGIT = [1, 0.35, 0.15];
const GROUND = [0.45, 0.62, 0.127];

/** @param {HTMLCanvasElement} canvas @param {Question} question */
export function drawQuestion(canvas, question) {
  const draw = { brightness: drawSquares, acuity: drawComb, colour: drawPlate }[question.test];
  draw(canvas, question);
}

/** Squares that are hardly darker or brighter than the ground. @param {HTMLCanvasElement} canvas @param {Question} question */
function drawSquares(canvas, { right, level }) {
  const [ground, square] = SQUARES[level === 0 ? 0 : 1];
  const places = shuffled([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]).slice(0, Number(right));
  const context = opened(canvas, 10 * 2 * SIDE, 4 * SIDE, `rgb(${ground} ${ground} ${ground})`);
  context.fillStyle = `rgb(${square} ${square} ${square})`;
  for (const place of places) context.fillRect((2 * place + 0.5) * SIDE, 1.5 * SIDE, SIDE, SIDE);
}

/** A comb of three teeth ("tumbling E"), five strokes wide and high. @param {HTMLCanvasElement} canvas @param {Question} question */
function drawComb(canvas, { right, level: stroke }) {
  const side = 40 * stroke;
  const context = opened(canvas, side, side, 'rgb(235 235 235)');
  context.fillStyle = 'rgb(0 0 0)';
  for (let row = 0; row < 5; row += 1) {
    for (let column = 0; column < 5; column += 1) {
      // Teeth to the right; turned by quarters for the other directions.
      let [x, y] = [column, row];
      for (let turn = ARROWS.indexOf('ArrowRight'); turn !== ARROWS.indexOf(right); turn = (turn + 1) % 4) {
        [x, y] = [4 - y, x];
      }
      const inked = column === 0 || row % 2 === 0;
      if (inked) context.fillRect(side / 2 + (x - 2.5) * stroke - (stroke % 2) / 2, side / 2 + (y - 2.5) * stroke - (stroke % 2) / 2, stroke, stroke);
    }
  }
}

/**
 * A digit of dots that differ from the ground by their hue between red and green, while the brightness of all varies.
 * @param {HTMLCanvasElement} canvas @param {Question} question
 */
function drawPlate(canvas, { right }) {
  const context = opened(canvas, PLATE, PLATE, 'rgb(128 128 128)');
  context.font = `bold ${0.8 * PLATE}px sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = 'rgb(0 0 0)';
  context.fillText(right, PLATE / 2, 0.54 * PLATE);
  const { data } = context.getImageData(0, 0, PLATE, PLATE);
  context.fillStyle = 'rgb(128 128 128)';
  context.fillRect(0, 0, PLATE, PLATE);
  /** @type {[number, number, number][]} */
  const dots = [];
  for (let tries = 0; tries < 40 * DOTS && dots.length < DOTS; tries += 1) {
    const radius = 3 + 5 * Math.random();
    const [distance, angle] = [Math.sqrt(Math.random()) * (PLATE / 2 - radius), 2 * Math.PI * Math.random()];
    const [x, y] = [PLATE / 2 + distance * Math.cos(angle), PLATE / 2 + distance * Math.sin(angle)];
    if (dots.some(([ox, oy, r]) => Math.hypot(x - ox, y - oy) < radius + r + 0.5)) continue;
    dots.push([x, y, radius]);
    const inDigit = (data[4 * (Math.floor(y) * PLATE + Math.floor(x))] ?? 128) < 64;
    context.fillStyle = colour(inDigit ? DIGIT : GROUND, 0.3 + 0.5 * Math.random());
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fill();
  }
}

/** @param {HTMLCanvasElement} canvas @param {number} width @param {number} height @param {string} ground */
function opened(canvas, width, height, ground) {
  size(canvas, width, height);
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('this browser draws nothing on a canvas');
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  return context;
}

/** @param {number[]} linear @param {number} brightness */
function colour(linear, brightness) {
  return `rgb(${linear.map((part) => Math.round(255 * (part * brightness) ** (1 / 2.2))).join(' ')})`;
}

/** @template T @param {T[]} values */
function shuffled(values) {
  return values.map((value) => ({ value, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ value }) => value);
}
