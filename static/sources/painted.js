/**
 * A video track of a canvas. Frames are captured when they are drawn, not when the screen refreshes.
 */

/** @typedef {CanvasRenderingContext2D} Context */

export class PaintedTrack {
  #canvas = document.createElement('canvas');
  #frames;

  /** @param {number} width @param {number} height */
  constructor(width, height) {
    Object.assign(this.#canvas, { width, height });
    const context = this.#canvas.getContext('2d', { alpha: false, desynchronized: true });
    if (!context) throw new Error('this browser cannot draw on a canvas');
    context.imageSmoothingQuality = 'high';
    /** @type {Context} */
    this.context = context;
    const stream = this.#canvas.captureStream(0);
    const [track] = stream.getVideoTracks();
    if (!track) throw new Error('this browser captures no canvas');
    this.track = track;
    // Firefox has requestFrame on the stream, as an early draft did.
    this.#frames = /** @type {CanvasCaptureMediaStreamTrack} */ ('requestFrame' in track ? track : stream);
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    Object.assign(this.#canvas, { width, height });
    this.context.imageSmoothingQuality = 'high'; // resizing resets it
  }

  /** @param {(context: Context, width: number, height: number) => void} draw */
  paint(draw) {
    draw(this.context, this.#canvas.width, this.#canvas.height);
    this.#frames.requestFrame();
  }
}

/**
 * Calls `draw` at a steady rate; delays of timers do not accumulate.
 * @param {number} framerate
 * @param {(seconds: number) => void} draw with the time since the start
 * @returns {() => void} stops the calls
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
