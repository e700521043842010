/**
 * A pair as one PNG: original on the left, enhanced on the right, at their own resolution, with a caption.
 */
import { stamp } from './file-name.js';

const MARGIN = 12;
const LARGEST_TEXT = 20;
const LINE = 1.4;

/**
 * @typedef {object} StillCaption
 * @property {string} original
 * @property {string} enhanced
 */

/**
 * @param {HTMLCanvasElement} original of the same size as `enhanced`
 * @param {HTMLCanvasElement} enhanced
 * @param {StillCaption} caption
 * @param {string} paired how the two were paired
 * @param {Date} date
 * @returns {Promise<Blob>}
 */
export async function stillImage(original, enhanced, caption, paired, date) {
  const { width, height } = enhanced;
  const scratch = new OffscreenCanvas(1, 1).getContext('2d');
  if (!scratch || !width) throw new Error('no frame to save');
  const foot = `Acutance · ${stamp(date)} · ${paired}`;
  const font = fittingSize(scratch, [[caption.original, width], [caption.enhanced, width], [foot, 2 * width]]);
  const strip = Math.ceil(2 * LINE * font + 2 * MARGIN);
  const context = new OffscreenCanvas(2 * width, height + strip).getContext('2d', { alpha: false });
  if (!context) throw new Error('no frame to save');
  context.fillStyle = '#0c0f13';
  context.fillRect(0, 0, 2 * width, height + strip);
  context.drawImage(original, 0, 0);
  context.drawImage(enhanced, width, 0);
  context.font = fontOf(font);
  context.textBaseline = 'top';
  const [first, second] = [height + MARGIN, height + MARGIN + LINE * font];
  context.fillStyle = '#ffffff';
  context.fillText(caption.original, MARGIN, first);
  context.fillText(caption.enhanced, width + MARGIN, first);
  context.fillStyle = '#98a2b0';
  context.fillText(foot, MARGIN, second);
  return context.canvas.convertToBlob({ type: 'image/png' });
}

/**
 * @param {OffscreenCanvasRenderingContext2D} context
 * @param {[line: string, width: number][]} lines
 * @returns {number} the largest size of the font in pixels at which each line fits its width
 */
function fittingSize(context, lines) {
  context.font = fontOf(LARGEST_TEXT);
  const shares = lines.map(([line, width]) => (width - 2 * MARGIN) / context.measureText(line).width);
  return Math.floor(Math.min(1, ...shares) * LARGEST_TEXT);
}

/** @param {number} size */
function fontOf(size) {
  return `${size}px system-ui, sans-serif`;
}
