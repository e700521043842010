/**
 * Plays a clip, or the two clips of a pair, which are one video: both canvases show the same moment, whatever happens.
 * @import {Study, Trial} from './api.js'
 */
import { align, size } from './pixels.js';

const GREY = 'rgb(128 128 128)';
/** Milliseconds of grey before a clip, so that one does not blend into the next. */
const GREY_MS = 500;

/**
 * @typedef {object} Playing
 * @property {number} plays finished plays
 * @property {number} skipped frames that the browser did not show
 * @property {number} at seconds into the clip
 */

export class Player {
  #video = document.createElement('video');
  /** The frame that is shown. The video may go on between two reads of it, so each frame is read once. */
  #frame = document.createElement('canvas');
  #url = '';
  #callback = 0;
  #stopped = true;

  /** @param {HTMLCanvasElement[]} canvases the left and the right one, or one alone @param {Study} study */
  constructor(canvases, study) {
    this.canvases = canvases;
    this.study = study;
    this.#video.muted = true;
    this.#video.playsInline = true;
    for (const canvas of canvases) size(canvas, study.width, study.height);
    addEventListener('resize', () => this.#align());
  }

  /**
   * Plays a clip as often as the study says, then shows grey.
   * @param {Trial} trial
   * @param {Blob} clip
   * @param {(playing: Playing) => void} onFrame called for each frame and after each play
   */
  async play(trial, clip, onFrame) {
    this.stop();
    this.#stopped = false;
    this.#align();
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(clip);
    this.#video.src = this.#url;
    const playing = { plays: 0, skipped: 0, at: 0 };
    await new Promise((resolve) => setTimeout(resolve, GREY_MS));
    while (playing.plays < this.study.plays && !this.#stopped) {
      await this.#once(trial, playing, onFrame);
      if (this.#stopped) return;
      playing.plays += 1;
      onFrame(playing);
    }
    this.stop();
  }

  /** Stops, and shows grey. */
  stop() {
    this.#stopped = true;
    this.#video.cancelVideoFrameCallback(this.#callback);
    this.#video.pause();
    this.#video.dispatchEvent(new Event('ended')); // ends a play that is waited for
    for (const canvas of this.canvases) {
      const context = draw(canvas);
      context.fillStyle = GREY;
      context.fillRect(0, 0, canvas.width, canvas.height);
    }
  }

  /** @param {Trial} trial @param {Playing} playing @param {(playing: Playing) => void} onFrame */
  async #once(trial, playing, onFrame) {
    const over = new AbortController();
    const ended = new Promise((resolve, reject) => {
      this.#video.addEventListener('ended', resolve, { signal: over.signal });
      this.#video.addEventListener('error', () => reject(this.#video.error), { signal: over.signal });
    });
    let last = -1;
    /** @type {VideoFrameRequestCallback} */
    const show = (_, { mediaTime }) => {
      const index = Math.round(mediaTime * trial.rate);
      if (index > last) playing.skipped += index - last - 1;
      last = index;
      playing.at = mediaTime;
      this.#draw(trial);
      onFrame(playing);
      this.#callback = this.#video.requestVideoFrameCallback(show);
    };
    this.#video.currentTime = 0;
    this.#callback = this.#video.requestVideoFrameCallback(show);
    try {
      await Promise.all([this.#video.play(), ended]);
    } catch (error) {
      if (!this.#stopped) throw error; // a vote may end a play before it has begun
    } finally {
      over.abort();
      this.#video.cancelVideoFrameCallback(this.#callback);
    }
  }

  /** @param {Trial} trial */
  #draw(trial) {
    const { width, height, gap } = this.study;
    if (this.#frame.width !== this.#video.videoWidth || this.#frame.height !== this.#video.videoHeight) {
      this.#frame.width = this.#video.videoWidth;
      this.#frame.height = this.#video.videoHeight;
    }
    draw(this.#frame).drawImage(this.#video, 0, 0);
    this.canvases.forEach((canvas, index) => {
      const lower = this.canvases.length > 1 && (index === 1) !== trial.swapped;
      draw(canvas).drawImage(this.#frame, 0, lower ? height + gap : 0, width, height, 0, 0, width, height);
    });
  }

  #align() {
    for (const canvas of this.canvases) align(canvas);
  }
}

/** @param {HTMLCanvasElement} canvas */
function draw(canvas) {
  const context = canvas.getContext('2d', { alpha: false });
  if (!context) throw new Error('this browser draws nothing on a canvas');
  context.imageSmoothingEnabled = false;
  return context;
}
