/**
 * The picture that goes out: a source, softened where that is wanted. The track changes when either does.
 * @import {SourceSettings, Source} from './source.js'
 * @import {Softened} from './soften.js'
 * @import {ErrorCode} from '../call/call-error.js'
 */
import { Latest } from './latest.js';
import { soften } from './soften.js';
import { openSource } from './source.js';

/**
 * @typedef {object} OutgoingVideoEvents
 * @property {(track: MediaStreamTrack) => void} onTrack there is another track to send
 * @property {(code: ErrorCode) => void} onLost the source ended by itself
 * @property {(error: unknown) => void} onSoftenFailed the source is sent as it is
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

  /** What to send. */
  get track() {
    return this.#softened?.track ?? this.captured;
  }

  /**
   * Replaces the source, which stays where the new one does not open. Of several calls at once the last one counts:
   * all of them settle as it does.
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
      // Fired when the device goes or its permission is taken back, never by our own stop().
      if (this.#source === source) this.#on.onLost(source.lost);
    });
    this.#filter(true);
  }

  /** @param {number} factor from 1, which changes nothing */
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

  /** @param {boolean} anew whether the source is another one */
  #filter(anew) {
    const [soft, was] = [this.#softness > 1, this.#softened];
    if (soft && was && !anew) {
      was.factor = this.#softness;
      return;
    }
    if (!anew && soft === (was !== null)) return;
    this.#softened = soft && this.#source ? this.#soften(this.#source.track) : null;
    if (this.track) this.#on.onTrack(this.track);
    was?.close();
  }

  /** @param {MediaStreamTrack} track @returns {Softened | null} null where this browser cannot */
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
