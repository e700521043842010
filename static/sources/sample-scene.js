/**
 * The scene of the sample clip: a person in front of a shelf and an eye chart, who looks around, blinks and sways; the
 * camera stands on a desk. It has the detail of a call that blur removes first: lashes, hair, knitwear, small print.
 *
 * Drawn in units of 640 x 360 and scaled to any size.
 */
import { drawFace } from './sample-face.js';
import { randomly } from './sample-random.js';

/** Of the page or of a worker. @typedef {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} Context */

const [WIDTH, HEIGHT] = [640, 360];

/** What the room shows beyond each edge of the frame. */
const MARGIN = 24;

const CHART = ['E', 'F P', 'T O Z', 'L P E D', 'P E C F D', 'E D F C Z P', 'F E L O P Z D', 'D E F P O T E C'];
const TITLES = ['ACUTANCE', 'OPTICS', 'LIGHT & LENS', 'EDGES', 'Fourier', 'COLOUR'];
const SPINES = ['#7d3b32', '#c08a4a', '#33506b', '#5f7350', '#a65f46', '#2f3b45', '#b7a88b', '#6b4a63', '#8c9aa6'];

export class SampleScene {
  /** @type {OffscreenCanvas | null} */
  #room = null;
  /** @type {OffscreenCanvas | null} */
  #person = null;
  #scale = 0;

  /** @param {Context} context @param {number} seconds */
  draw(context, seconds) {
    const { width, height } = context.canvas;
    const scale = Math.max(width / WIDTH, height / HEIGHT);
    if (scale !== this.#scale) this.#prepare(scale);
    const [room, person] = [this.#room, this.#person];
    if (!room || !person) return;
    // Periods without a common multiple: the video does not repeat for minutes.
    const sway = { x: Math.sin(seconds / 1.9) * 9 + Math.sin(seconds / 0.77) * 2, y: Math.sin(seconds / 2.6) * 4 };
    const turn = Math.sin(seconds / 1.37) * 0.035 + Math.sin(seconds / 3.1) * 0.025;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(room, -MARGIN * scale, -MARGIN * scale);
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.translate(330 + sway.x * 2.1, 210 + sway.y);
    context.drawImage(person, -220, -30, 440, 260);
    context.translate(0, 60);
    context.rotate(turn);
    context.translate(0, -60);
    drawFace(context, seconds);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  /** Draws the static layers. @param {number} scale */
  #prepare(scale) {
    this.#scale = scale;
    this.#room = layer(WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN, scale, drawRoom);
    this.#person = layer(440, 260, scale, drawShoulders);
  }
}

/**
 * @param {number} width
 * @param {number} height
 * @param {number} scale
 * @param {(context: Context) => void} draw
 */
function layer(width, height, scale, draw) {
  const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser cannot draw on a canvas');
  context.scale(scale, scale);
  draw(context);
  return canvas;
}

/** @param {Context} context */
function drawRoom(context) {
  const wall = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  wall.addColorStop(0, '#d9cfbf');
  wall.addColorStop(1, '#9c8f7e');
  context.fillStyle = wall;
  context.fillRect(0, 0, WIDTH + 2 * MARGIN, HEIGHT + 2 * MARGIN);
  const random = randomly(7);
  // Plaster.
  for (let i = 0; i < 5000; i++) {
    context.fillStyle = `rgba(${random() < 0.5 ? '255,250,240' : '70,55,40'},${0.05 + random() * 0.06})`;
    context.fillRect(random() * 690, random() * 410, 1 + random(), 1 + random());
  }
  for (let shelf = 0; shelf < 4; shelf++) drawShelf(context, 30 + shelf * 98, random);
  drawChart(context, 498, 46);
}

/** @param {Context} context @param {number} top @param {() => number} random */
function drawShelf(context, top, random) {
  context.fillStyle = '#4b3728';
  context.fillRect(0, top + 84, 212, 8);
  for (let x = 6; x < 200;) {
    const [width, height] = [8 + random() * 12, 54 + random() * 28];
    context.fillStyle = SPINES[Math.floor(random() * SPINES.length)] ?? '#333';
    context.fillRect(x, top + 84 - height, width, height);
    context.fillStyle = 'rgba(0,0,0,0.25)';
    context.fillRect(x + width - 1.5, top + 84 - height, 1.5, height);
    context.save();
    context.translate(x + width / 2 + 2, top + 78);
    context.rotate(-Math.PI / 2);
    context.fillStyle = 'rgba(255,244,220,0.85)';
    context.font = `600 ${Math.min(width * 0.55, 7)}px Georgia, serif`;
    context.fillText(TITLES[Math.floor(random() * TITLES.length)] ?? '', 0, 0);
    context.restore();
    x += width + 0.8;
  }
}

/** @param {Context} context @param {number} left @param {number} top */
function drawChart(context, left, top) {
  context.fillStyle = 'rgba(40,30,20,0.25)';
  context.fillRect(left + 4, top + 5, 150, 224);
  context.fillStyle = '#fbfaf5';
  context.fillRect(left, top, 150, 224);
  context.fillStyle = '#17181a';
  context.textAlign = 'center';
  let y = top + 8;
  CHART.forEach((row, index) => {
    const size = [44, 31, 23, 17, 13, 10, 8, 6][index] ?? 6;
    y += size * 0.88 + 6;
    context.font = `700 ${size}px "Courier New", monospace`;
    context.fillText(row, left + 75, y);
  });
  // Lines of decreasing width, as on a lens test chart.
  for (let x = 12, step = 5; x < 138; x += step, step = Math.max(1.4, step * 0.955)) {
    context.fillRect(left + x, top + 205, step / 2, 12);
  }
  context.textAlign = 'start';
}

/** A knitted pullover. @param {Context} context */
function drawShoulders(context) {
  context.beginPath();
  context.moveTo(178, 62);
  context.bezierCurveTo(160, 96, 60, 100, 38, 180);
  context.lineTo(22, 262);
  context.lineTo(418, 262);
  context.lineTo(402, 180);
  context.bezierCurveTo(380, 100, 280, 96, 262, 62);
  context.closePath();
  const wool = context.createLinearGradient(60, 60, 400, 260);
  wool.addColorStop(0, '#3f6f77');
  wool.addColorStop(1, '#224148');
  context.fillStyle = wool;
  context.fill();
  context.save();
  context.clip();
  context.lineWidth = 1.1;
  for (let row = 0; row < 36; row++) {
    for (let column = 0; column < 74; column++) {
      const [x, y] = [column * 6 - 2, 60 + row * 5.8];
      context.strokeStyle = (row + column) % 9 === 0 ? 'rgba(246,226,180,0.75)' : 'rgba(190,226,226,0.33)';
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 3, y + 4.6);
      context.lineTo(x + 6, y);
      context.stroke();
    }
  }
  context.restore();
}
