/**
 * A video track of what is drawn on a canvas. Frames are given when they are drawn, not when the screen wants one.
 */

/** @typedef {CanvasRenderingContext2D} Context */

export class PaintedTrack {
  #canvas = document.createElement('canvas');
  #frames;

  /** @param {number} width @param {number} height */
  constructor(width, height) {
    Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext('2d', { alpha: false, desynchronized: true });
    if (!context) throw new Error('this browser draws on no canvas');
    context.imageSmoothingQuality = 'high';
    /** @type {Context} */
    this.context = context;
    const stream = this.#canvas.captureStream(0);
    const [track] = stream.getVideoTracks();
    if (!track) throw new Error('this browser captures no canvas');
    this.track = track;
    // Firefox has it where an early draft had it: on the stream.
    this.#frames = /** @type {CanvasCaptureMediaStreamTrack} */ ('requestFrame' in track ? track : stream);
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    Object.assign(this.#canvas, { width, height });
    this.context.imageSmoothingQuality = 'high'; // a new size resets it
  }

  /** @param {(context: Context, width: number, height: number) => void} draw */
  paint(draw) {
    draw(this.context, this.#canvas.width, this.#canvas.height);
    this.#frames.requestFrame();
  }
}

/**
 * Calls `draw` at a steady rate. Timers that come late are made up for, not added up.
 * @param {number} framerate
 * @param {(seconds: number) => void} draw time since the beginning
 * @returns {() => void} ends it
 */
export function steadily(framerate, draw) {
  const began = performance.now();
  let frame = 0;
  let timer = 0;
  const next = () => {
    const now = performance.now();
    draw((now - began) / 1000);
    frame = Math.max(frame + 1, Math.floor(((now - began) * framerate) / 1000));
    timer = setTimeout(next, began + (frame * 1000) / framerate - performance.now());
  };
  next();
  return () => clearTimeout(timer);
}
