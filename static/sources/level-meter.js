/** Shows how loud a microphone is. */

const INTERVAL_MS = 100;

/** Level in dBFS of the meter's left end; its right end is 0. */
const SILENCE_DB = -60;

export class LevelMeter {
  #meter;
  /** @type {AudioContext | null} */
  #audio = null;
  #timer = 0;

  /** @param {HTMLMeterElement} meter from 0 to 1 */
  constructor(meter) {
    this.#meter = meter;
    this.track = null;
  }

  /** @param {MediaStreamTrack | null} track null for none */
  set track(track) {
    clearInterval(this.#timer);
    this.#audio?.close();
    this.#audio = null;
    this.#meter.hidden = track === null;
    this.#meter.value = 0;
    if (!track) return;
    this.#audio = new AudioContext();
    const analyser = this.#audio.createAnalyser();
    this.#audio.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    this.#timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      this.#meter.value = levelOf(samples);
    }, INTERVAL_MS);
  }
}

/** @param {Float32Array} samples -1 to 1 @returns {number} 0 for silence to 1 for the loudest */
export function levelOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.min(Math.max(1 - (10 * Math.log10(power)) / SILENCE_DB, 0), 1);
}
