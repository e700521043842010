/**
 * The outgoing video: a source, with optional softening. The track changes with source and softening.
 * @import {SourceSettings, Source} from './source.js'
 * @import {Softened} from './soften.js'
 * @import {ErrorCode} from '../call/call-error.js'
 */
import { Latest } from './latest.js';
import { soften } from './soften.js';
import { openSource } from './source.js';

/**
 * @typedef {object} OutgoingVideoEvents
 * @property {(track: MediaStreamTrack) => void} onTrack the track to send from now on
 * @property {(code: ErrorCode) => void} onLost the source ended by itself
 * @property {(error: unknown) => void} onSoftenFailed softening failed; the source is sent unchanged
 */

export class OutgoingVideo {
  /** @type {Source | null} */
  #source = null;
  /** @type {Softened | null} */
  #softened = null;
  #softness = 1;
  /** @type {Latest<Source>} */
  #latest = new Latest((source) => source.close());
  #on;

  /** @param {OutgoingVideoEvents} on */
  constructor(on) {
    this.#on = on;
  }

  /** The source's own track. */
  get captured() {
    return this.#source?.track ?? null;
  }

  /** The track to send. */
  get track() {
    return this.#softened?.track ?? this.captured;
  }

  /**
   * Replaces the source; if the new one does not open, the current one stays. If called again while a source is being
   * opened, the last call wins, and all calls settle as it does.
   * @param {SourceSettings} settings
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  async open(settings, signal) {
    const source = await this.#latest.open((superseded) => openSource(settings, AbortSignal.any([signal, superseded])));
    if (signal.aborted && source !== this.#source) source?.close();
    signal.throwIfAborted();
    if (!source || source === this.#source) return;
    this.#source?.close();
    this.#source = source;
    source.track.addEventListener('ended', () => {
      // Fired when the device is unplugged or its permission withdrawn, not by stop().
      if (this.#source === source) this.#on.onLost(source.lost);
    });
    this.#filter(true);
  }

  /** @param {number} factor 1 (no softening) or more */
  soften(factor) {
    this.#softness = factor;
    if (this.#source) this.#filter(false);
  }

  close() {
    this.#latest.cancel();
    this.#softened?.close();
    this.#source?.close();
    this.#softened = null;
    this.#source = null;
  }

  /** @param {boolean} replaced whether the source was replaced */
  #filter(replaced) {
    const [soft, was] = [this.#softness > 1, this.#softened];
    if (soft && was && !replaced) {
      was.factor = this.#softness;
      return;
    }
    if (!replaced && soft === (was !== null)) return;
    this.#softened = soft && this.#source ? this.#soften(this.#source.track) : null;
    if (this.track) this.#on.onTrack(this.track);
    was?.close();
  }

  /** @param {MediaStreamTrack} track @returns {Softened | null} null if this browser cannot */
  #soften(track) {
    /** @param {unknown} error */
    const fail = (error) => {
      this.#softness = 1;
      this.#on.onSoftenFailed(error);
    };
    try {
      const softened = soften(track, this.#softness, (error) => {
        if (this.#softened !== softened) return;
        fail(error);
        this.#filter(false);
      });
      return softened;
    } catch (error) {
      fail(error);
      return null;
    }
  }
}
