/**
 * The figures as numbers and plots, in the order of the page.
 * @import {TextKey} from '../texts.js'
 * @import {FigureName, Second} from './second.js'
 */
import { element, write } from '../dom.js';
import { showText } from '../texts.js';
import { UNKNOWN, bitrate, decimal, milliseconds, percent } from '../format.js';
import { Plot, STYLES } from './plot.js';
import { figuresOf } from './second.js';

/** @typedef {(value: number | null) => string} Format */

/** @typedef {{id: string, lines: FigureName[], more: FigureName[], format: Format, formatMore?: Format}} Chart */

const sharpness = (/** @type {number | null} */ value) => decimal(value, 0);

const information = (/** @type {number | null} */ value) => decimal(value, 2);

const decibels = (/** @type {number | null} */ value) => (value === null ? UNKNOWN : `${decimal(value)} dB`);

/** Charts with a plot; `more` are rows without a line in it. @type {readonly Chart[]} */
const CHARTS = [
  { id: 'rates', lines: ['captured', 'sent', 'returned', 'displayed'], more: [], format: decimal },
  { id: 'delay', lines: ['roundtrip', 'roundtrip-late', 'in-server'], more: [], format: milliseconds },
  {
    id: 'bits', lines: ['bits-up', 'bits-down'], more: ['loss-up', 'loss-down'], format: bitrate, formatMore: percent,
  },
  {
    id: 'fidelity',
    lines: ['psnr-before', 'psnr-after'],
    more: ['vif-before', 'vif-after'],
    format: decibels,
    formatMore: information,
  },
  { id: 'sharpness', lines: ['sharpness-before', 'sharpness-after'], more: [], format: sharpness },
];

/** Lists without a plot. @type {readonly Chart[]} */
const LISTS = [
  {
    id: 'stages',
    lines: [],
    more: [
      'stage-send', 'stage-network', 'stage-decode', 'stage-wait', 'stage-enhance', 'stage-encode_wait', 'stage-encode',
      'stage-buffer', 'stage-show',
    ],
    format: milliseconds,
  },
  {
    id: 'dropped',
    lines: [],
    more: [
      'dropped-sender', 'dropped-undecoded', 'dropped-waiting', 'dropped-enhanced', 'dropped-encoding', 'dropped-here',
    ],
    format: decimal,
  },
];

export class FiguresPanel {
  /** @type {{plot: Plot, lines: FigureName[]}[]} */
  #plots = [];
  /** @type {{name: FigureName, target: HTMLElement, format: Format}[]} */
  #rows = [];

  constructor() {
    const cards = element('figures-cards', HTMLElement);
    for (const chart of [...CHARTS, ...LISTS]) cards.append(this.#card(chart));
  }

  /** @param {Second} second */
  show(second) {
    const figures = figuresOf(second);
    for (const { name, target, format } of this.#rows) write(target, format(figures[name]));
    for (const { plot, lines } of this.#plots) {
      plot.add({ at: second.at / 1000, values: lines.map((name) => figures[name]) });
    }
  }

  /** After a call: no current values; the plots stay until the next call. */
  showUnknown() {
    for (const { target } of this.#rows) write(target, UNKNOWN);
  }

  clear() {
    this.showUnknown();
    for (const { plot } of this.#plots) plot.clear();
  }

  /** @param {Chart} chart */
  #card({ id, lines, more, format, formatMore = format }) {
    const card = create('section', 'card');
    const title = create('h3');
    title.id = `figures-${id}`;
    showText(title, /** @type {TextKey} */ (`figures.${id}`));
    card.setAttribute('aria-labelledby', title.id);
    card.append(title);
    if (lines.length) {
      const canvas = create('canvas', 'plot');
      canvas.role = 'img';
      canvas.dataset.textLabel = 'figures.plot';
      card.append(canvas);
      this.#plots.push({ plot: new Plot(canvas, (top) => round(format(top))), lines });
    }
    const list = create('dl', 'rows');
    lines.forEach((name, index) => list.append(this.#row(name, format, index)));
    for (const name of more) list.append(this.#row(name, formatMore, null));
    const note = create('p', 'note');
    showText(note, /** @type {TextKey} */ (`figures.${id}.how`));
    card.append(list, note);
    return card;
  }

  /** @param {FigureName} name @param {Format} format @param {number | null} line index of its line in the plot */
  #row(name, format, line) {
    const row = create('div');
    const term = create('dt');
    if (line !== null) term.append(key(line));
    const label = create('span');
    showText(label, `figure.${name}`);
    term.append(label);
    const target = create('dd');
    target.id = `figure-${name}`;
    write(target, UNKNOWN);
    this.#rows.push({ name, target, format });
    row.append(term, target);
    return row;
  }
}

/** Removes the zeros after the decimal point: the top of a scale is a round number. @param {string} figure */
function round(figure) {
  return figure.replace(/[.,]0+(?=\D|$)/, '');
}

/** A sample of a plot's line for the legend. @param {number} line */
function key(line) {
  const drawing = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  drawing.setAttribute('class', 'key');
  drawing.setAttribute('viewBox', '0 0 22 4');
  drawing.setAttribute('aria-hidden', 'true');
  const stroke = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  stroke.setAttribute('d', 'M0 2H22');
  stroke.setAttribute('class', `line-${line + 1}`);
  stroke.setAttribute('stroke-dasharray', STYLES[line]?.dash.join(' ') ?? '');
  drawing.append(stroke);
  return drawing;
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} [className]
 */
function create(tag, className = '') {
  const made = document.createElement(tag);
  if (className) made.className = className;
  return made;
}
