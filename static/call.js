/**
 * One call, from Start to Stop: camera, session, the two pictures and what is measured on them.
 * @import {State} from './messages.js'
 * @import {Pane} from './pane.js'
 * @import {ServerStats, Size} from './protocol.js'
 */
import { closeCamera, openCamera } from './camera.js';
import { within } from './deadline.js';
import { countsPresented, presentedRate } from './framerate.js';
import { received, reportedRate, sent } from './rtcstats.js';
import { Session } from './session.js';
import { Trouble } from './trouble.js';

const FIRST_PICTURE_MS = 10_000;
const REFRESH_MS = 500;

/**
 * @typedef {object} CallEvents
 * @property {(state: State) => void} onState
 * @property {(camera: MediaStreamTrack) => void} onCamera the camera is open
 * @property {(stats: ServerStats) => void} onStats
 * @property {() => void} onTick twice a second, as long as the call lasts
 * @property {(trouble: Trouble | null) => void} onEnd once; null when the user stopped it
 */

export class Call {
  #original;
  #enhanced;
  #on;
  /** Everything that a call starts ends with this. */
  #over = new AbortController();
  #live = false;

  /**
   * @param {{original: Pane, enhanced: Pane}} panes
   * @param {CallEvents} on
   */
  constructor({ original, enhanced }, on) {
    this.#original = original;
    this.#enhanced = enhanced;
    this.#on = on;
  }

  /** @param {{deviceId: string, size: Size}} wishes */
  async start(wishes) {
    try {
      await this.#run(wishes, this.#over.signal);
    } catch (error) {
      this.#end(Trouble.from(error));
    }
  }

  stop() {
    this.#end(null);
  }

  /**
   * @param {{deviceId: string, size: Size}} wishes
   * @param {AbortSignal} signal
   */
  async #run(wishes, signal) {
    this.#on.onState('camera');
    const camera = await openCamera(wishes, signal);
    signal.addEventListener('abort', () => closeCamera(camera));
    this.#watchCamera(camera, signal);

    this.#on.onState('connecting');
    const session = this.#openSession(camera, signal);
    this.#measure(session, signal);
    await session.connect(signal);

    this.#on.onState('waiting');
    const late = () => new Trouble('no-picture');
    await within(this.#enhanced.firstPicture(signal), FIRST_PICTURE_MS, late, signal);
    this.#live = true;
    this.#on.onState('live');
  }

  /** @param {MediaStream} camera @param {AbortSignal} signal */
  #watchCamera(camera, signal) {
    for (const track of camera.getVideoTracks()) {
      // Fired when the device goes or its permission is taken back, never by our own stop().
      track.addEventListener('ended', () => this.#end(new Trouble('camera-lost')), { signal });
      this.#on.onCamera(track);
    }
    this.#original.show(camera);
  }

  /** @param {MediaStream} camera @param {AbortSignal} signal */
  #openSession(camera, signal) {
    const session = new Session(camera, {
      onStream: (stream) => this.#enhanced.show(stream),
      onStats: this.#on.onStats,
      onInterrupted: (interrupted) => {
        if (this.#live) this.#on.onState(interrupted ? 'interrupted' : 'live');
      },
      onEnd: (trouble) => this.#end(trouble),
    });
    signal.addEventListener('abort', () => session.close());
    return session;
  }

  /** @param {Session} session @param {AbortSignal} signal */
  #measure(session, signal) {
    const panes = /** @type {const} */ ([[this.#original, sent], [this.#enhanced, received]]);
    for (const [pane, read] of panes) {
      pane.measure(countsPresented(pane.video)
        ? presentedRate(pane.video, signal)
        : reportedRate(() => session.stats(), read, signal));
    }
    const timer = setInterval(() => {
      for (const [pane] of panes) pane.refresh(performance.now());
      this.#on.onTick();
    }, REFRESH_MS);
    signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** @param {Trouble | null} trouble */
  #end(trouble) {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#original.clear();
    this.#enhanced.clear();
    this.#on.onEnd(trouble);
  }
}
