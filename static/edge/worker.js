/**
 * Worker that enhances frames, one after the other. Its first message says where the student runs, or why it does not.
 * @import {Size} from '../call/protocol.js'
 * @import {Hints} from './hints.js'
 */
import { detailRatio } from './hints.js';
import { readPlanes } from './planes.js';
import { Student } from './student.js';

/**
 * @typedef {object} Order
 * @property {VideoFrame | ImageBitmap} frame closed by the worker
 * @property {Size} size of the call
 * @property {{step: number, bits: number}} coding of the frame
 * @property {number} strength
 */

/** @typedef {{frame: VideoFrame | ImageBitmap, ms: number}} Done */

/** @typedef {{provider: string} | {failure: string} | Done} Message */

const NAME = 'nano';

/** Below this a frame counts as one of full size: model/hints.py, REDUCTIONS. */
const REDUCED = 1.1;

/** For frames of full size, and for enlarged ones. @type {Map<string, Promise<Student>>} */
const students = new Map();

/** @param {string} name */
function student(name) {
  const open = students.get(name) ?? Student.open(name);
  students.set(name, open);
  return open;
}

/** @param {Message} message @param {Transferable[]} [transfer] */
function post(message, transfer = []) {
  self.postMessage(message, { transfer });
}

/** @param {unknown} error */
function fail(error) {
  post({ failure: error instanceof Error ? error.message : String(error) });
}

/** @param {Order} order @returns {Promise<Done>} */
async function enhance({ frame, size: [across, down], coding, strength }) {
  const begun = performance.now();
  const width = frame instanceof ImageBitmap ? frame.width : frame.displayWidth;
  const height = frame instanceof ImageBitmap ? frame.height : frame.displayHeight;
  // The call may have turned, as phones do: the shorter side counts.
  const reduction = Math.max(Math.min(across, down) / Math.min(width, height), 1);
  const reduced = reduction >= REDUCED;
  const scale = reduced ? reduction : 1;
  try {
    const planes = await readPlanes(frame, [Math.round(width * scale), Math.round(height * scale)]);
    const [wide, high] = planes.size;
    /** @type {Hints} */
    const hints = { ...coding, reduction: scale, sharpness: detailRatio(planes.luma, wide, high) };
    const used = await student(reduced ? `${NAME}-enlarged` : NAME);
    const luma = await used.sharpen(planes.luma, wide, high, hints, strength);
    return { frame: planes.with(luma), ms: performance.now() - begun };
  } finally {
    frame.close();
  }
}

/** @param {MessageEvent<Order>} event */
self.onmessage = ({ data }) => {
  enhance(data).then((done) => post(done, [done.frame]), fail);
};

student(NAME).then(({ provider }) => post({ provider }), fail);
