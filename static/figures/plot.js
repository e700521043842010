/**
 * A small plot of the last two minutes, on a canvas. Lines differ in colour and dash, for people who cannot tell the
 * colours apart. The values are also shown as text.
 */

/** Seconds that a plot shows, at one sample per second. */
export const SPAN_S = 120;

/** @typedef {{color: string, dash: number[]}} Style `color` is the name of a CSS custom property */

/** Styles in the order of the lines. @type {readonly Style[]} */
export const STYLES = [
  { color: '--plot-1', dash: [] },
  { color: '--plot-2', dash: [6, 3] },
  { color: '--plot-3', dash: [2, 2] },
  { color: '--plot-4', dash: [9, 3, 2, 3] },
];

/**
 * One sample: seconds on any clock, and a value for each line.
 * @typedef {{at: number, values: (number | null)[]}} Sample
 */

export class Plot {
  #canvas;
  /** @type {Sample[]} */
  #samples = [];
  #format;

  /**
   * @param {HTMLCanvasElement} canvas sized by CSS
   * @param {(value: number) => string} format of the scale
   */
  constructor(canvas, format) {
    this.#canvas = canvas;
    this.#format = format;
    new ResizeObserver(() => this.draw()).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.draw());
  }

  /** @param {Sample} sample */
  add(sample) {
    this.#samples.push(sample);
    while (sample.at - (this.#samples[0]?.at ?? 0) > SPAN_S) this.#samples.shift();
    this.draw();
  }

  clear() {
    this.#samples = [];
    this.draw();
  }

  draw() {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const context = canvas.getContext('2d');
    if (!context || width === 0) return;
    const [across, down] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
    if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(canvas);
    const top = ceiling(Math.max(...this.#samples.flatMap(({ values }) => values.map((value) => value ?? 0)), 0));
    this.#drawScale(context, style, width, height, top);
    const end = this.#samples.at(-1)?.at ?? 0;
    const x = (/** @type {number} */ at) => width - ((end - at) / SPAN_S) * width;
    const y = (/** @type {number} */ value) => height - 1.5 - (value / top) * (height - 16);
    STYLES.forEach(({ color, dash }, line) => {
      context.strokeStyle = style.getPropertyValue(color);
      context.setLineDash(dash);
      context.lineWidth = 1.75;
      context.lineJoin = 'round';
      context.beginPath();
      let pen = false;
      for (const { at, values } of this.#samples) {
        const value = values[line] ?? null;
        if (value === null) pen = false;
        else if (pen) context.lineTo(x(at), y(value));
        else context.moveTo(x(at), y(value));
        pen = value !== null;
      }
      context.stroke();
    });
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {CSSStyleDeclaration} style
   * @param {number} width
   * @param {number} height
   * @param {number} top
   */
  #drawScale(context, style, width, height, top) {
    context.setLineDash([]);
    context.lineWidth = 1;
    context.strokeStyle = style.getPropertyValue('--line');
    context.fillStyle = style.getPropertyValue('--quiet');
    context.font = `11px ${style.fontFamily}`;
    for (const part of [0, 0.5, 1]) {
      const y = Math.round(height - 1.5 - part * (height - 16)) + 0.5;
      context.beginPath();
      context.moveTo(0, y);
      context.lineTo(width, y);
      context.stroke();
    }
    if (this.#samples.length) context.fillText(this.#format(top), 2, 10);
  }
}

/**
 * The next round number: 1, 2, 3 or 5 times a power of ten.
 * @param {number} value
 */
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return (([1, 2, 3, 5].find((step) => step * power >= value * 0.999)) ?? 10) * power;
}
