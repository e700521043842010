/**
 * Notices a broken network path long before the browser does, and restarts ICE. A path breaks when the address of one
 * side changes, and does not recover by itself.
 */
import { CallError } from './call-error.js';

/** Interval between two looks, in milliseconds. */
const LOOK_MS = 200;

/** Silence of a video that flowed, and of reports, which arrive at least every 1.5 s. */
const SILENCE_MS = { flowing: 600, sparse: 2_500 };

/** After each restart, the next one needs a longer silence: on a poor connection, silence may not be a broken path. */
const MAX_PATIENCE = 8;

/** Time without a restart after which the first silence suffices again. */
const CALM_MS = 60_000;

/** Looks with a new frame in a row after which video flows. */
const FLOWING = 5;

/** Time within which packets arrive after a restart. A round trip or two are enough. */
const RECOVERY_MS = 2_000;

/** Restarts without a packet after which the session is lost. */
const MAX_RESTARTS = 3;

/** Time after which the server has ended the session. */
const LOST_MS = 15_000;

/** Pause between attempts while the server is unreachable. */
const UNREACHABLE_MS = 250;

/**
 * @typedef {object} Path
 * @property {() => number | null} frame changes with each video frame that arrives
 * @property {() => Promise<number>} received grows with everything that arrives
 * @property {() => Promise<void>} restart restarts ICE, which also restarts the browser's own time limit; rejects with 'server-unreachable' if there is no network, with
 *   another error if the server cannot restart it
 * @property {(broken: boolean) => void} onBroken
 * @property {(ms: number) => Promise<void>} pause
 * @property {() => number} now in milliseconds
 */

export class PathWatch {
  #path;
  #suspected = false;

  /** @param {Path} path */
  constructor(path) {
    this.#path = path;
  }

  /** The network may have changed: restarts ICE at once, which does no harm if it has not. */
  suspect() {
    this.#suspected = true;
  }

  /**
   * Watches the path and repairs it.
   * @param {AbortSignal} signal
   * @returns {Promise<void>} when the signal aborts; rejects if a broken path cannot be repaired
   */
  async run(signal) {
    const { frame, received, pause, now } = this.#path;
    let [shown, heard, flowing] = [frame(), now(), 0];
    /** Count at the last look without a new frame; null after a frame. @type {number | null} */
    let counted = null;
    let [patience, repaired] = [1, -Infinity];
    while (!signal.aborted) {
      await pause(LOOK_MS);
      const current = frame();
      if (current !== shown) [shown, heard, flowing, counted] = [current, now(), flowing + 1, null];
      else if (now() - heard > LOOK_MS) {
        const before = counted;
        counted = await received();
        // Only the video pauses, for example because its source does.
        if (before !== null && counted > before) [heard, flowing] = [now(), 0];
      }
      if (now() - repaired > CALM_MS) patience = 1;
      const silent = now() - heard >= patience * (flowing >= FLOWING ? SILENCE_MS.flowing : SILENCE_MS.sparse);
      if (signal.aborted || !(silent || this.#suspected)) continue;
      this.#suspected = false;
      await this.#repair(signal);
      [shown, heard, flowing, counted] = [frame(), now(), 0, null];
      [patience, repaired] = [Math.min(2 * patience, MAX_PATIENCE), now()];
    }
  }

  /** @param {AbortSignal} signal */
  async #repair(signal) {
    const { received, restart, onBroken, pause, now } = this.#path;
    const before = await received();
    const since = now();
    let broken = false;
    for (let restarts = 0; !signal.aborted && restarts < MAX_RESTARTS;) {
      try {
        await restart();
        restarts += 1;
      } catch (error) {
        if (signal.aborted) return;
        if (CallError.from(error).code !== 'server-unreachable') throw new CallError('network-changed');
        if (now() - since >= LOST_MS) throw new CallError('connection-lost');
        onBroken(broken = true);
        await pause(UNREACHABLE_MS);
        if (await received() <= before) continue;
      }
      for (const begun = now(); !signal.aborted && now() - begun < RECOVERY_MS;) {
        if (await received() > before) {
          if (broken) onBroken(false);
          return;
        }
        await pause(LOOK_MS);
        if (!broken && now() - begun >= 2 * LOOK_MS) onBroken(broken = true);
      }
    }
    if (!signal.aborted) throw new CallError('network-changed');
  }
}
