/** The face of the sample clip, drawn around the origin: 84 units wide, about 110 high. */
import { randomly } from './sample-random.js';

const HAIRS = 420;
const TAU = 2 * Math.PI;

/** @import {Context} from './sample-scene.js' */

/** @param {Context} context @param {number} seconds */
export function drawFace(context, seconds) {
  const gaze = { x: Math.sin(seconds / 1.1) * 1.6, y: Math.sin(seconds / 2.3) * 0.8 };
  // A blink of 0.2 s every 3.4 s.
  const open = Math.min(1, Math.abs((seconds % 3.4) - 0.1) / 0.1);
  const smile = 0.6 + 0.4 * Math.sin(seconds / 2.9);
  drawHairBehind(context);
  drawHead(context);
  for (const side of [-1, 1]) drawEye(context, side * 20, -22, gaze, open);
  drawNoseAndMouth(context, smile);
  drawFringe(context);
}

/** @param {Context} context */
function drawHairBehind(context) {
  context.fillStyle = '#2a1b14';
  context.beginPath();
  context.ellipse(0, -26, 56, 68, 0, 0, TAU);
  context.fill();
}

/** @param {Context} context */
function drawHead(context) {
  context.fillStyle = '#b37c5f';
  context.fillRect(-19, 26, 38, 44); // neck
  const skin = context.createRadialGradient(-14, -26, 8, 0, -8, 76);
  skin.addColorStop(0, '#f2c7a6');
  skin.addColorStop(0.65, '#dba180');
  skin.addColorStop(1, '#a56c50');
  context.fillStyle = skin;
  context.beginPath();
  context.moveTo(-43, -34);
  context.bezierCurveTo(-46, 10, -28, 50, 0, 54);
  context.bezierCurveTo(28, 50, 46, 10, 43, -34);
  context.bezierCurveTo(42, -86, -42, -86, -43, -34);
  context.fill();
  const random = randomly(3);
  context.fillStyle = 'rgba(132,74,44,0.5)';
  for (let i = 0; i < 70; i++) {
    const [x, y] = [(random() - 0.5) * 62, -8 + random() * 18];
    context.fillRect(x, y, 0.7 + random() * 0.6, 0.7 + random() * 0.6); // freckles
  }
}

/**
 * @param {Context} context
 * @param {number} x
 * @param {number} y
 * @param {{x: number, y: number}} gaze
 * @param {number} open 0 to 1
 */
function drawEye(context, x, y, gaze, open) {
  context.save();
  context.translate(x, y);
  context.strokeStyle = '#2f1d14';
  context.lineWidth = 0.9;
  for (let i = 0; i < 26; i++) { // brow
    const at = -13 + i;
    line(context, at, -13 - Math.cos(at / 9) * 2.4, at + 2.6, -16 - Math.cos(at / 9) * 2.6);
  }
  const height = 6.4 * open;
  context.beginPath();
  context.ellipse(0, 0, 12, Math.max(height, 0.3), 0, 0, TAU);
  context.fillStyle = '#fbf7f2';
  context.fill();
  context.save();
  context.clip();
  drawIris(context, gaze);
  context.restore();
  context.lineWidth = 1.3;
  context.stroke();
  context.lineWidth = 0.7;
  for (let i = -6; i <= 6; i++) { // lashes
    const lid = -height * Math.sqrt(1 - (i / 7) ** 2);
    line(context, i * 1.75, lid, i * 2.25, lid - 4 * open - 0.8);
  }
  context.restore();
}

/** @param {Context} context @param {{x: number, y: number}} gaze */
function drawIris(context, gaze) {
  context.translate(gaze.x, gaze.y);
  context.fillStyle = '#4d7a63';
  circle(context, 0, 0, 6);
  context.lineWidth = 0.45;
  for (let i = 0; i < 36; i++) {
    const angle = (i / 36) * TAU;
    context.strokeStyle = i % 2 ? '#a9cba6' : '#23402f';
    line(context, Math.cos(angle) * 2.4, Math.sin(angle) * 2.4, Math.cos(angle) * 5.6, Math.sin(angle) * 5.6);
  }
  context.fillStyle = '#0d0d0d';
  circle(context, 0, 0, 2.5);
  context.fillStyle = '#fff';
  circle(context, 1.6, -1.8, 1.1);
  context.strokeStyle = '#2f1d14';
}

/** @param {Context} context @param {number} smile 0 to 1 */
function drawNoseAndMouth(context, smile) {
  context.strokeStyle = 'rgba(120,66,42,0.75)';
  context.lineWidth = 1.4;
  context.beginPath();
  context.moveTo(-3, -16);
  context.quadraticCurveTo(-8, 6, -6, 9);
  context.quadraticCurveTo(0, 14, 7, 9);
  context.stroke();
  const corner = 30 - smile * 3;
  context.fillStyle = '#a1473f';
  context.beginPath();
  context.moveTo(-15, corner);
  context.quadraticCurveTo(-5, 26, 0, 28);
  context.quadraticCurveTo(5, 26, 15, corner);
  context.quadraticCurveTo(0, 38 + smile * 3, -15, corner);
  context.fill();
  context.strokeStyle = '#6e2a27';
  context.lineWidth = 0.9;
  context.beginPath();
  context.moveTo(-15, corner);
  context.quadraticCurveTo(0, 30 + smile * 3, 15, corner);
  context.stroke();
}

/** @param {Context} context */
function drawFringe(context) {
  const random = randomly(11);
  context.lineWidth = 0.7;
  for (let i = 0; i < HAIRS; i++) {
    const along = i / HAIRS;
    const angle = Math.PI * (1.02 + 0.96 * along);
    const [x, y] = [Math.cos(angle) * (40 + random() * 16), -40 + Math.sin(angle) * (40 + random() * 14)];
    const tone = 22 + random() * 60;
    context.strokeStyle = `rgb(${tone + 26},${tone + 6},${tone - 6})`;
    context.beginPath();
    context.moveTo(-4 + random() * 14, -88 + random() * 8);
    const side = along < 0.5 ? -1 : 1;
    context.quadraticCurveTo(x * 0.9, y - 18, x + side * random() * 5, y + 10 + Math.abs(along - 0.5) * 96 * random());
    context.stroke();
  }
}

/** @param {Context} context @param {number} fromX @param {number} fromY @param {number} toX @param {number} toY */
function line(context, fromX, fromY, toX, toY) {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** @param {Context} context @param {number} x @param {number} y @param {number} radius */
function circle(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, TAU);
  context.fill();
}
