/**
 * Measurements at the display, and their place on the page.
 * @import {Fidelity} from '../fidelity/meter.js'
 * @import {Half} from '../pairs/painter.js'
 * @import {Match, Pair} from '../pairs/pairing.js'
 * @import {Spread} from '../call/protocol.js'
 */
import { writeTo } from '../dom.js';
import { UNKNOWN, decimal, sizeText } from '../format.js';
import { FidelityMeter } from '../fidelity/meter.js';
import { followFrames } from '../pairs/video-frames.js';
import { moments } from '../sources/sample.js';
import { SlidingRate } from '../sliding-rate.js';
import { RecentPercentiles } from './percentiles.js';
import { SharpnessMeter } from './sharpness.js';

const REFRESH_MS = 500;
const HALVES_MS = 1_000;

/**
 * @typedef {object} Figures
 * @property {Match | null} match of the pair that is shown
 * @property {number | null} originalFps encoded frames per second; the camera's if those are not known
 * @property {number | null} enhancedFps frames of the enhanced video presented per second
 * @property {number | null} displayedFps pairs drawn per second
 * @property {Spread} roundTripMs from the encoder to the drawn pair, over the last 5 s
 * @property {number | null} sharpnessOriginal
 * @property {number | null} sharpnessEnhanced
 * @property {Fidelity | null} fidelity of the sample clip
 * @property {'variance of Laplacian'} sharpnessMeasure
 * @property {Record<Match, number>} pairs number of pairs of each kind
 */

export class Meters {
  #halves;
  #sharpness = new SharpnessMeter();
  #fidelity;
  #state = fresh();

  /** @param {{original: Half, enhanced: Half}} halves */
  constructor(halves) {
    this.#halves = halves;
    this.#fidelity = new FidelityMeter(halves, moments);
  }

  /**
   * @param {{original: HTMLVideoElement, enhanced: HTMLVideoElement}} videos
   * @param {AbortSignal} signal
   */
  follow({ original }, signal) {
    this.clear();
    const state = this.#state;
    followFrames(original, (now, { presentedFrames }) => {
      state.camera.add(now, presentedFrames ?? ++state.cameraFrames);
    }, signal);
    const timers = [
      setInterval(() => this.#show(), REFRESH_MS),
      setInterval(() => this.#measureHalves(), HALVES_MS),
    ];
    signal.addEventListener('abort', () => timers.forEach(clearInterval));
  }

  /** @param {number} at when the encoder gave a frame, on the clock of `performance.now()` */
  countSent(at) {
    this.#state.sent.add(at, ++this.#state.sentFrames);
  }

  /** @param {Pair} pair */
  count({ match, now, roundTrip, presented }) {
    const state = this.#state;
    state.pairs[match]++;
    state.match = match;
    state.displayed.add(now, ++state.drawn);
    state.enhanced.add(now, presented ?? state.drawn);
    if (roundTrip !== null) state.roundTrip.add(now, roundTrip);
  }

  /** Both halves have changed. @param {Pair} pair */
  notePainted({ match }) {
    this.#state.painted = match;
  }

  clear() {
    this.#fidelity.clear();
    this.#state = fresh();
    this.#show();
  }

  /** @param {number} now @returns {Figures} */
  figures(now) {
    const { match, camera, sent, enhanced, displayed, roundTrip, sharpness, pairs } = this.#state;
    return {
      match,
      originalFps: sent.read(now) || camera.read(now),
      enhancedFps: enhanced.read(now),
      displayedFps: displayed.read(now),
      roundTripMs: roundTrip.read(now),
      fidelity: this.#fidelity.last,
      sharpnessOriginal: sharpness.original,
      sharpnessEnhanced: sharpness.enhanced,
      sharpnessMeasure: 'variance of Laplacian',
      pairs: { ...pairs },
    };
  }

  #measureHalves() {
    if (this.#state.painted === 'exact') this.#fidelity.measure();
    this.#state.painted = null;
    const { original, enhanced } = this.#halves;
    this.#state.sharpness = {
      original: original.size && this.#sharpness.measure(original.canvas),
      enhanced: enhanced.size && this.#sharpness.measure(enhanced.canvas),
    };
  }

  #show() {
    const figures = this.figures(performance.now());
    for (const name of /** @type {const} */ (['original', 'enhanced'])) {
      const fps = name === 'original' ? figures.originalFps : figures.enhancedFps;
      const sharpness = name === 'original' ? figures.sharpnessOriginal : figures.sharpnessEnhanced;
      writeTo(`${name}-fps`, decimal(fps, 1));
      writeTo(`${name}-size`, sizeText(this.#halves[name].size));
      writeTo(`${name}-sharpness`, decimal(sharpness, 0));
    }
    writeTo('stage-displayed', decimal(figures.displayedFps, 1));
    const { p50, p95 } = figures.roundTripMs;
    writeTo('stage-roundtrip', p50 === null ? UNKNOWN : `${decimal(p50, 0)} / ${decimal(p95, 0)} ms`);
    const { exact, near, camera } = figures.pairs;
    const all = exact + near + camera;
    writeTo('stage-same', all === 0 ? UNKNOWN : `${decimal((100 * exact) / all, 0)} %`);
  }
}

function fresh() {
  return {
    /** @type {Match | null} */
    match: null,
    /** Match of the halves since they were measured. @type {Match | null} */
    painted: null,
    camera: new SlidingRate(),
    cameraFrames: 0,
    sent: new SlidingRate(),
    sentFrames: 0,
    enhanced: new SlidingRate(),
    displayed: new SlidingRate(),
    drawn: 0,
    roundTrip: new RecentPercentiles(),
    /** @type {{original: number | null, enhanced: number | null}} */
    sharpness: { original: null, enhanced: null },
    /** @type {Record<Match, number>} */
    pairs: { exact: 0, near: 0, camera: 0 },
  };
}
