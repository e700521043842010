/**
 * The choice between the server and this device, and their figures beside each other. What enhances here is loaded when
 * it is switched on.
 * @import {Size} from '../call/protocol.js'
 * @import {Second} from '../figures/second.js'
 * @import {Stage} from '../stage/stage.js'
 * @import {Codings} from './coding.js'
 * @import {Edge} from './edge.js'
 */
import { FORWARDED } from '../call/protocol.js';
import { element, writeTo } from '../dom.js';
import { UNKNOWN, decimal, milliseconds } from '../format.js';
import { sentence } from '../states.js';
import { showText } from '../texts.js';

/** A video with fewer frames looks broken. */
const MIN_RATE = 15;

/** Time after which the rate of this device counts: the first frames are slower. */
const SETTLED_MS = 5_000;

/**
 * What a call is like now.
 * @typedef {object} Situation
 * @property {{sender: RTCRtpSender, receiver: RTCRtpReceiver} | null} connection
 * @property {Size} size of the call
 * @property {number} strength
 */

/** @typedef {'server' | 'device'} Side */

export class EdgePanel {
  #switch = element('edge', HTMLInputElement);
  #message = element('edge-message', HTMLElement);
  #back = element('edge-back', HTMLButtonElement);
  #what = element('enhanced-what', HTMLElement);
  #stage;
  #onChange;
  /** @type {Codings | null} */
  #codings = null;
  /** @type {Edge | null} */
  #edge = null;
  /** When the student was ready; null before. @type {number | null} */
  #since = null;
  #provider = '';

  /** @param {Stage} stage @param {() => void} onChange `active` has changed */
  constructor(stage, onChange) {
    this.#stage = stage;
    this.#onChange = onChange;
    this.#switch.addEventListener('change', () => (this.#switch.checked ? this.#open() : this.close()));
    this.#back.addEventListener('click', () => {
      this.close();
      this.#switch.focus();
    });
  }

  /** Whether frames are enhanced on this device. */
  get active() {
    return this.#since !== null;
  }

  /** Leaves enhancement to the server. */
  close() {
    this.#switch.checked = false;
    this.#say(null);
    this.#end();
  }

  /** @param {Second} second @param {Situation} situation */
  async show(second, { connection, size, strength }) {
    const now = performance.now();
    if (this.#edge && this.#since !== null) {
      Object.assign(this.#edge, { size, strength });
      this.#write('device', this.#edge.times(now).p50, second.stage.displayedFps, second, this.#provider);
      this.#warn(second, now - this.#since);
    } else if (second.server?.rate.enhanced) {
      const { stages, rate, provider } = second.server;
      this.#write('server', stages.enhance.p50, rate.enhanced, second, provider);
    }
    if (!this.#edge || !connection) return;
    const forwarded = second.server?.encoder === FORWARDED;
    const coding = await this.#codings?.read(connection.receiver, forwarded ? connection.sender : null);
    if (this.#edge && coding) this.#edge.coding = coding;
  }

  async #open() {
    this.#say('edge.loading');
    const { Codings, Edge, isInstalled } = await import('./edge.js');
    const installed = await isInstalled();
    if (!this.#switch.checked || this.#edge) return;
    if (!installed) {
      this.close();
      this.#say('edge.missing');
      return;
    }
    this.#codings = new Codings();
    this.#edge = new Edge({
      onPair: (pair) => this.#stage.show(pair),
      onReady: (provider) => this.#begin(provider),
      onFailed: (reason) => {
        this.close();
        this.#say('edge.failed', { reason: sentence(reason) });
      },
    });
  }

  /** @param {string} provider */
  #begin(provider) {
    const edge = this.#edge;
    if (!edge) return;
    this.#provider = provider;
    this.#since = performance.now();
    this.#stage.treat = (pair) => edge.take(pair);
    showText(this.#what, 'edge.what');
    this.#say(null);
    this.#onChange();
  }

  #end() {
    this.#edge?.close();
    this.#edge = null;
    this.#stage.treat = null;
    showText(this.#what, 'stage.enhanced.what');
    if (this.#since === null) return;
    this.#since = null;
    this.#onChange();
  }

  /** @param {Second} second @param {number} age since the student was ready */
  #warn({ stage, flows }, age) {
    const [rate, returned] = [stage.displayedFps ?? 0, flows?.returned ?? 0];
    // A device that has no time for a student may have none for the connection either.
    const busy = (this.#edge?.times(performance.now()).p50 ?? 0) > 1000 / MIN_RATE;
    const slow = age > SETTLED_MS && rate < MIN_RATE && (returned >= MIN_RATE || busy);
    if (slow) this.#say('edge.slow', { rate: decimal(rate, 0), returned: decimal(returned, 0), least: MIN_RATE });
    else this.#say(null);
    this.#back.hidden = !slow;
  }

  /**
   * @param {Side} side
   * @param {number | null} ms
   * @param {number | null} rate
   * @param {Second} second
   * @param {string | null} provider
   */
  #write(side, ms, rate, { stage }, provider) {
    const psnr = stage.fidelity?.after ?? null;
    writeTo(`edge-${side}-ms`, milliseconds(ms));
    writeTo(`edge-${side}-fps`, decimal(rate, 0));
    writeTo(`edge-${side}-psnr`, psnr === null ? UNKNOWN : `${decimal(psnr)} dB`);
    writeTo(`edge-${side}-provider`, provider ?? UNKNOWN);
  }

  /** @param {import('../texts.js').TextKey | null} key @param {import('../translation.js').Values} [values] */
  #say(key, values) {
    showText(this.#message, key, values);
    this.#back.hidden = true;
  }
}
