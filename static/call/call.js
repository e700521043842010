/**
 * One call, from Start to Stop: the outgoing video, and one session after another until the user stops. The call waits
 * and connects again after errors that may be transient: a full server, a lost connection, a server that restarts.
 * @import {CodecChoice} from './codec.js'
 * @import {UplinkSettings} from '../uplink/presets.js'
 * @import {SourceSettings} from '../sources/source.js'
 * @import {Stage} from '../stage/stage.js'
 * @import {Applied, Forgotten, MemoryMask, Refused, ServerStats, SessionSettings} from './protocol.js'
 */
import { Microphone } from '../sources/microphone.js';
import { OutgoingVideo } from '../sources/outgoing-video.js';
import { within } from './deadline.js';
import { Retries } from './reconnect.js';
import { Session } from './session.js';
import { iceServers } from './signalling.js';
import { CallError } from './call-error.js';

const FIRST_FRAME_MS = 10_000;

/** Random pause before moving to another machine, so that the pages of one do not all come at the same moment. */
const MOVE_MS = 500;

/** Limits of the shorter side of the returned video, in pixels: server/options/session_limits.py. */
const [MIN_HEIGHT, MAX_HEIGHT] = [64, 1080];

/** @typedef {'idle' | 'opening' | 'connecting' | 'waiting' | 'live' | 'interrupted'} State */

/**
 * @typedef {object} CallEvents
 * @property {(state: State) => void} onState
 * @property {(captured: MediaStreamTrack) => void} onVideo called with the track of a new source
 * @property {(track: MediaStreamTrack | null) => void} onMicrophone the track that is sent from now on; null for no audio
 * @property {() => void} onMicrophoneLost it was unplugged, or the permission withdrawn; the call continues
 * @property {(error: unknown) => void} onSoftenFailed softening failed; the video is sent as it is captured
 * @property {(stats: ServerStats) => void} onStats
 * @property {(response: Applied | Forgotten | Refused) => void} onResponse to changed settings and to `forget`
 * @property {(mask: MemoryMask) => void} onMemoryMask after a change, if the settings ask for it
 * @property {(stream: MediaStream | null) => void} onReturned the server's stream; null after the session
 * @property {(failure: CallError, seconds: number, signal: AbortSignal) => Promise<void>} onPause shows the pause
 *   before the next attempt and resolves when it is over
 * @property {(wrong: boolean) => Promise<boolean>} onToken asks the user for a token; false if none is entered
 * @property {(failure: CallError | null) => void} onEnd called once; null if the user stopped the call
 */

export class Call {
  #stage;
  #on;
  /** Aborts everything that belongs to the call. */
  #over = new AbortController();
  #video;
  /** @type {Session | null} */
  #session = null;
  /** Stays open until the next one is, after a change of network. @type {Session | null} */
  #former = null;
  #microphone;
  /** @type {UplinkSettings} */
  #uplink;
  /** @type {Partial<SessionSettings>} */
  #settings;
  #codec;
  /** Factor by which the returned video is smaller than the captured one. */
  #division = 1;

  /**
   * @param {Stage} stage
   * @param {{uplink: UplinkSettings, settings: Partial<SessionSettings>, codec: CodecChoice}} initial
   * @param {CallEvents} on
   */
  constructor(stage, { uplink, settings, codec }, on) {
    this.#stage = stage;
    this.#uplink = uplink;
    this.#settings = settings;
    this.#codec = codec;
    this.#on = on;
    // The network may have changed.
    addEventListener('online', () => this.#session?.checkPath(), { signal: this.#over.signal });
    this.#video = new OutgoingVideo({
      onTrack: (track) => this.#send(track),
      onLost: (code) => this.#end(new CallError(code)),
      onSoftenFailed: on.onSoftenFailed,
    });
    this.#microphone = new Microphone({
      onTrack: (track) => {
        this.#session?.setAudio(track);
        on.onMicrophone(track);
      },
      onLost: on.onMicrophoneLost,
    });
  }

  /** The current peer connection with its sender and receiver; null between sessions. */
  get connection() {
    return this.#session?.connection ?? null;
  }

  /** @param {SourceSettings} source */
  async start(source) {
    try {
      await this.#run(source, this.#over.signal);
    } catch (error) {
      this.#end(CallError.from(error));
    }
  }

  stop() {
    this.#end(null);
  }

  /** @param {SourceSettings} source to send from now on; rejects and changes nothing if it does not open */
  async setSource(source) {
    await this.#video.open(source, this.#over.signal);
  }

  /** @param {UplinkSettings} uplink */
  setUplink(uplink) {
    this.#uplink = uplink;
    this.#video.soften(uplink.softness);
    this.#session?.setUplink(uplink);
  }

  /** @param {Partial<SessionSettings>} settings */
  applySettings(settings) {
    this.#settings = { ...this.#settings, ...settings };
    this.#session?.applySettings(settings);
  }

  /** @param {number} by factor by which the server shall return a smaller video than the captured one */
  divideReturned(by) {
    if (by === this.#division) return;
    this.#division = by;
    this.#setOutput();
  }

  /** Asks the server to forget what it remembers of the call. */
  forget() {
    this.#session?.forget();
  }

  /**
   * @param {boolean} on
   * @param {string} [deviceId] '' for the browser's default
   * @returns {Promise<void>} rejects if the microphone does not open; the call continues without audio
   */
  async setMicrophone(on, deviceId = '') {
    if (on && !this.#over.signal.aborted) await this.#microphone.open(deviceId);
    else this.#microphone.close();
  }

  /** @param {SourceSettings} source @param {AbortSignal} signal */
  async #run(source, signal) {
    this.#on.onState('opening');
    this.#video.soften(this.#uplink.softness);
    await this.#video.open(source, signal);
    for (const retries = new Retries(); ;) {
      try {
        await this.#runSession(signal, () => retries.reset());
      } catch (error) {
        const failure = CallError.from(error);
        const former = failure.code === 'network-changed' ? this.#session : null;
        this.#hangUp(former);
        signal.throwIfAborted();
        await this.#handleError(failure, retries, signal);
      }
    }
  }

  /**
   * Runs one session until it ends.
   * @param {AbortSignal} signal
   * @param {() => void} onLive called when the first frame has returned
   */
  async #runSession(signal, onLive) {
    this.#on.onState('connecting');
    const [servers] = await Promise.all([iceServers(signal), this.#stage.prepare(signal)]);
    const session = this.#open(servers);
    await session.connect(this.#settings, signal);
    this.#endFormer(null);
    session.setUplink(this.#uplink); // Chromium drops parameters that were set before the answer
    this.#on.onState('waiting');
    const late = () => new CallError('no-video');
    await within(Promise.race([this.#stage.firstFrame(signal), session.over]), FIRST_FRAME_MS, late, signal);
    onLive();
    this.#on.onState('live');
    for (let current = session; ;) {
      await Promise.race([current.moving, current.over]);
      current = await this.#replace(current, servers, signal);
    }
  }

  /**
   * Replaces a session by another one, whose first frame arrives before the old one ends.
   * @param {Session} session
   * @param {RTCIceServer[]} servers
   * @param {AbortSignal} signal
   * @returns {Promise<Session>} the other one; rejects when the old one ends before
   */
  async #replace(session, servers, signal) {
    for (let longest = MOVE_MS; ; longest *= 2) {
      await Promise.race([delay(longest * Math.random()), session.over]);
      signal.throwIfAborted();
      const next = this.#make(servers);
      try {
        const shown = next.connect(this.#settings, signal).then(() => next.firstFrame(signal));
        const late = () => new CallError('no-video');
        await within(Promise.race([shown, next.over, session.over]), FIRST_FRAME_MS, late, signal);
        next.setUplink(this.#uplink); // Chromium drops parameters that were set before the answer
        await this.#stage.prepare(signal);
      } catch {
        next.end();
        signal.throwIfAborted();
        continue; // no machine has taken it yet
      }
      this.#show(next);
      session.end();
      return next;
    }
  }

  /** @param {RTCIceServer[]} servers */
  #open(servers) {
    const session = this.#make(servers);
    this.#show(session);
    return session;
  }

  /** @param {Session} session to show from now on */
  #show(session) {
    const { track } = this.#video;
    if (!track) throw new CallError('unexpected');
    this.#session = session;
    this.#stage.attach(session.connection.sender);
    this.#stage.showOriginal(new MediaStream([track]));
    if (!session.stream) return;
    this.#stage.showEnhanced(session.stream);
    this.#on.onReturned(session.stream);
  }

  /** @param {RTCIceServer[]} servers */
  #make(servers) {
    const track = this.#video.track;
    if (!track) throw new CallError('unexpected');
    let live = false;
    const session = new Session(track, { iceServers: servers, codec: this.#codec }, {
      onStream: (stream) => {
        if (this.#session !== session) return;
        this.#stage.showEnhanced(stream);
        this.#on.onReturned(stream);
      },
      onStats: (stats) => {
        if (this.#session !== session) return;
        live = true;
        this.#stage.applyStats(stats);
        this.#on.onStats(stats);
      },
      onResponse: this.#on.onResponse,
      onMemoryMask: this.#on.onMemoryMask,
      onInterrupted: (interrupted) => {
        if (live && this.#session === session) this.#on.onState(interrupted ? 'interrupted' : 'live');
      },
    });
    session.setAudio(this.#microphone.track);
    return session;
  }

  /** @param {CallError} failure @param {Retries} retries @param {AbortSignal} signal */
  async #handleError(failure, retries, signal) {
    if (failure.code === 'token-missing' || failure.code === 'token-wrong') {
      if (!await this.#on.onToken(failure.code === 'token-wrong')) throw failure;
      signal.throwIfAborted();
      return;
    }
    const seconds = retries.pauseAfter(failure);
    if (seconds === null) throw failure;
    if (seconds > 0) await this.#on.onPause(failure, seconds, signal);
    signal.throwIfAborted();
  }

  /** @param {MediaStreamTrack} track */
  #send(track) {
    this.#session?.setVideo(track).catch(() => {
      // The session has ended: the next one starts with this track.
    });
    this.#stage.showOriginal(new MediaStream([track]));
    const captured = this.#video.captured ?? track;
    this.#on.onVideo(captured);
    this.#setOutput();
  }

  /** The returned video has the captured size, even if the uplink reduces it. */
  #setOutput() {
    const { width = 0, height = 0 } = (this.#video.captured ?? this.#video.track)?.getSettings() ?? {};
    const shorter = Math.round(Math.min(width, height) / this.#division);
    this.applySettings({ output_height: shorter >= MIN_HEIGHT && shorter <= MAX_HEIGHT ? shorter : null });
  }

  /** @param {Session | null} [former] the session, if it stays open until the next one is */
  #hangUp(former = null) {
    if (!former) this.#session?.end();
    this.#endFormer(former);
    this.#session = null;
    this.#stage.hold();
    this.#on.onReturned(null);
  }

  /** @param {Session | null} next */
  #endFormer(next) {
    this.#former?.end();
    this.#former = next;
  }

  /** @param {CallError | null} failure */
  #end(failure) {
    if (this.#over.signal.aborted) return;
    this.#over.abort();
    this.#hangUp();
    this.#video.close();
    this.#microphone.close();
    this.#stage.clear();
    this.#on.onEnd(failure);
  }
}

/** @param {number} ms @returns {Promise<void>} */
function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
