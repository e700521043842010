/**
 * Takes detail from a picture, as a cheap camera does: every frame is brought down by a factor and up again, as the
 * students' training does it.
 *
 * Where the browser gives the frames themselves (Chromium), they are taken as they come, also while the tab is
 * hidden. Elsewhere a video element plays the track and a canvas is captured.
 */
import { PaintedTrack } from './painted.js';

/** @typedef {{track: MediaStreamTrack, factor: number, close: () => void}} Softened */

/** Not in TypeScript's library for pages. @type {any} */
const { MediaStreamTrackProcessor, MediaStreamTrackGenerator } = /** @type {any} */ (globalThis);

/**
 * @param {MediaStreamTrack} track that stays as it is, and the caller's
 * @param {number} factor more than 1; may be changed later
 * @returns {Softened}
 */
export function soften(track, factor) {
  return MediaStreamTrackProcessor && MediaStreamTrackGenerator ? byFrames(track, factor) : byCanvas(track, factor);
}

/** @param {MediaStreamTrack} track @param {number} factor @returns {Softened} */
function byFrames(track, factor) {
  const over = new AbortController();
  const processor = new MediaStreamTrackProcessor({ track, maxBufferSize: 1 });
  const generator = new MediaStreamTrackGenerator({ kind: 'video' });
  const blur = new Blur(new OffscreenCanvas(1, 1));
  const canvas = new OffscreenCanvas(1, 1);
  const softened = { track: generator, factor, close: () => over.abort() };
  const each = new TransformStream({
    /** @param {VideoFrame} frame @param {TransformStreamDefaultController} controller */
    transform(frame, controller) {
      const { displayWidth: width, displayHeight: height, timestamp } = frame;
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      const context = canvas.getContext('2d', { alpha: false });
      if (context) blur.draw(context, frame, width, height, softened.factor);
      frame.close();
      controller.enqueue(new VideoFrame(canvas, { timestamp }));
    },
  });
  processor.readable.pipeThrough(each, over).pipeTo(generator.writable, over).catch(() => {
    // The track ended, or was let go of.
  });
  return softened;
}

/** @param {MediaStreamTrack} track @param {number} factor @returns {Softened} */
function byCanvas(track, factor) {
  const video = Object.assign(document.createElement('video'), { muted: true, playsInline: true });
  video.srcObject = new MediaStream([track]);
  video.play().catch(() => {});
  const { width = 640, height = 360, frameRate = 30 } = track.getSettings();
  const painted = new PaintedTrack(width, height);
  const blur = new Blur(document.createElement('canvas'));
  const paint = () => painted.paint((context) => blur.draw(context, video, width, height, softened.factor));
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

  /** @param {HTMLCanvasElement | OffscreenCanvas} small to draw on in between */
  constructor(small) {
    this.#small = small;
  }

  /**
   * @param {CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D} context
   * @param {CanvasImageSource} picture
   * @param {number} width
   * @param {number} height
   * @param {number} factor
   */
  draw(context, picture, width, height, factor) {
    const small = this.#small;
    const [across, down] = [Math.max(1, Math.round(width / factor)), Math.max(1, Math.round(height / factor))];
    if (small.width !== across || small.height !== down) Object.assign(small, { width: across, height: down });
    const between = /** @type {CanvasRenderingContext2D} */ (small.getContext('2d', { alpha: false }));
    for (const each of [between, context]) each.imageSmoothingQuality = 'high';
    between.drawImage(picture, 0, 0, across, down);
    context.drawImage(small, 0, 0, width, height);
  }
}
