/**
 * Samples a call once per second and keeps the last two minutes.
 * @import {Call} from '../call/call.js'
 * @import {ServerStats} from '../call/protocol.js'
 * @import {Stage} from '../stage/stage.js'
 * @import {Counters} from './flows.js'
 * @import {Second} from './second.js'
 */
import { between, counters } from './flows.js';
import { SPAN_S } from './plot.js';

const INTERVAL_MS = 1_000;

/** Rates are taken over two seconds: over one they would jitter with the timer. */
const FLOW_SECONDS = 2;

export class CallMonitor {
  /** @type {Second[]} */
  seconds = [];
  /** @type {Counters[]} */
  #counted = [];
  #peer = /** @type {RTCPeerConnection | null} */ (null);
  #stage;
  #onSecond;

  /** @param {Stage} stage @param {(second: Second) => void} onSecond */
  constructor(stage, onSecond) {
    this.#stage = stage;
    this.#onSecond = onSecond;
  }

  /**
   * @param {Call} call
   * @param {() => ServerStats | null} server returns its last report; null if that is out of date
   * @returns {() => void} ends the sampling
   */
  follow(call, server) {
    this.seconds = [];
    let over = false;
    const timer = setInterval(async () => {
      const flows = await this.#flows(call.connection?.pc ?? null);
      if (over) return;
      const second = { at: performance.now(), flows, stage: this.#stage.figures(), server: server() };
      this.seconds.push(second);
      if (this.seconds.length > SPAN_S) this.seconds.shift();
      this.#onSecond(second);
    }, INTERVAL_MS);
    return () => {
      over = true;
      clearInterval(timer);
    };
  }

  /** @param {RTCPeerConnection | null} peer */
  async #flows(peer) {
    if (peer !== this.#peer) this.#counted = [];
    this.#peer = peer;
    if (!peer || peer.connectionState === 'closed') return null;
    const now = counters(await peer.getStats(), performance.now());
    const before = this.#counted[0];
    this.#counted.push(now);
    if (this.#counted.length > FLOW_SECONDS) this.#counted.shift();
    return before ? between(before, now) : null;
  }
}
