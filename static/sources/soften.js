/**
 * Removes detail from a video, as a cheap camera does: every frame is reduced by a factor and enlarged again, as in the
 * training of the students.
 *
 * Where the browser has MediaStreamTrackProcessor (Chromium), it processes frame by frame, also in hidden tabs.
 * Elsewhere a video element plays the track and a canvas is captured.
 */
import { PaintedTrack } from './painted.js';

/** @typedef {{track: MediaStreamTrack, factor: number, close: () => void}} Softened */

/** Not in TypeScript's library for pages. @type {any} */
const { MediaStreamTrackProcessor, MediaStreamTrackGenerator } = /** @type {any} */ (globalThis);

/**
 * @param {MediaStreamTrack} track stays open and unchanged; the caller closes it
 * @param {number} factor more than 1; may be changed later
 * @param {(error: unknown) => void} onFailed called at most once: no more frames are softened
 * @returns {Softened}
 */
export function soften(track, factor, onFailed) {
  return MediaStreamTrackProcessor && MediaStreamTrackGenerator
    ? byFrames(track, factor, onFailed)
    : byCanvas(track, factor, onFailed);
}

/**
 * @param {MediaStreamTrack} track
 * @param {number} factor
 * @param {(error: unknown) => void} onFailed
 * @returns {Softened}
 */
function byFrames(track, factor, onFailed) {
  const over = new AbortController();
  const processor = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 });
  const generator = new MediaStreamTrackGenerator({ kind: 'video' });
  const blur = new Blur(new OffscreenCanvas(1, 1));
  const canvas = new OffscreenCanvas(1, 1);
  const softened = { track: generator, factor, close: () => over.abort() };
  const each = new TransformStream({
    /** @param {VideoFrame} frame @param {TransformStreamDefaultController} controller */
    transform(frame, controller) {
      try {
        controller.enqueue(softenedFrame(frame));
      } finally {
        frame.close();
      }
    },
  });
  /** @param {VideoFrame} frame */
  const softenedFrame = (frame) => {
    const { displayWidth: width, displayHeight: height, timestamp } = frame;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    blur.draw(contextOf(canvas), frame, width, height, softened.factor);
    return new VideoFrame(canvas, { timestamp });
  };
  processor.readable.pipeThrough(each, over).pipeTo(generator.writable, over).catch((/** @type {unknown} */ error) => {
    if (!over.signal.aborted && track.readyState === 'live') onFailed(error);
  });
  return softened;
}

/**
 * @param {MediaStreamTrack} track
 * @param {number} factor
 * @param {(error: unknown) => void} onFailed
 * @returns {Softened}
 */
function byCanvas(track, factor, onFailed) {
  const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });
  video.srcObject = new MediaStream([track]);
  video.play().catch(() => {});
  const { width = 2, height = 2, frameRate = 30 } = track.getSettings();
  const painted = new PaintedTrack(width, height);
  const blur = new Blur(document.createElement('canvas'));
  const paint = () => {
    const [across, down] = [video.videoWidth, video.videoHeight];
    if (across === 0) return; // before the first frame
    try {
      painted.resize(across, down);
      painted.paint((context) => blur.draw(context, video, across, down, softened.factor));
    } catch (error) {
      clearInterval(timer);
      onFailed(error);
    }
  };
  const timer = setInterval(paint, 1000 / frameRate);
  const close = () => {
    clearInterval(timer);
    video.srcObject = null;
    painted.track.stop();
  };
  const softened = { track: painted.track, factor, close };
  return softened;
}

class Blur {
  #small;

  /** @param {HTMLCanvasElement | OffscreenCanvas} small for the reduced frame */
  constructor(small) {
    this.#small = small;
  }

  /**
   * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context
   * @param {CanvasImageSource} frame
   * @param {number} width
   * @param {number} height
   * @param {number} factor
   */
  draw(context, frame, width, height, factor) {
    const small = this.#small;
    const [across, down] = [Math.max(1, Math.round(width / factor)), Math.max(1, Math.round(height / factor))];
    if (small.width !== across || small.height !== down) Object.assign(small, { width: across, height: down });
    const between = contextOf(small);
    for (const each of [between, context]) each.imageSmoothingQuality = 'high';
    between.drawImage(frame, 0, 0, across, down);
    context.drawImage(small, 0, 0, width, height);
  }
}

/** @param {HTMLCanvasElement | OffscreenCanvas} canvas */
function contextOf(canvas) {
  const context = /** @type {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D | null} */ (
    canvas.getContext('2d', { alpha: false }));
  if (!context) throw new Error('this browser cannot draw on a canvas'); // out of memory, or of graphics contexts
  return context;
}
