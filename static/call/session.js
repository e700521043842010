/**
 * One peer connection to the server: video and audio out, enhanced video and audio in, and the data channel.
 * @import {CodecChoice} from './codec.js'
 * @import {UplinkSettings} from '../uplink/presets.js'
 * @import {Applied, Forgotten, MemoryMask, Refused, ServerStats, SessionSettings} from './protocol.js'
 */
import { UplinkSender } from '../uplink/sender.js';
import { chooseCodec } from './codec.js';
import { within } from './deadline.js';
import { iceFragment, withFragment } from './ice-restart.js';
import { PathWatch } from './path-watch.js';
import { CHANNEL } from './protocol.js';
import { endSession, patchIce, postOffer } from './signalling.js';
import { readMessage } from './telemetry.js';
import { CallError } from './call-error.js';

/** Time limits for gathering ICE candidates. Without ICE servers it takes milliseconds. */
const GATHERING_MS = { first: 2_000, restart: 300 };

/** Time for further candidates after the first one in a restart. The server learns later ones from their checks. */
const FURTHER_MS = 30;

/** Interval between two looks for the first frame. */
const FRAME_LOOK_MS = 20;

/** Time limit for connecting; the server has the same for a handshake. */
const CONNECT_MS = 15_000;

/**
 * @typedef {object} SessionEvents
 * @property {(stream: MediaStream) => void} onStream the enhanced video, and audio if there is any
 * @property {(stats: ServerStats) => void} onStats once per second
 * @property {(response: Applied | Forgotten | Refused) => void} onResponse to changed settings and to `forget`
 * @property {(mask: MemoryMask) => void} onMemoryMask after a change, if the settings ask for it
 * @property {(interrupted: boolean) => void} onInterrupted whether the connection is interrupted now
 */

export class Session {
  #pc;
  #channel;
  #video;
  #audio;
  #uplink;
  #on;
  #closed = new AbortController();
  #connected = false;
  #watch;
  /** Settings changed since the offer that are not sent yet. @type {Partial<SessionSettings>} */
  #pending = {};
  /** @type {string | null} */
  #address = null;
  /** @type {(failure: CallError) => void} */
  #lose = () => {};
  #move = () => {};

  /** The enhanced video, and audio if there is any; null before. @type {MediaStream | null} */
  stream = null;

  /** Rejects when the session is lost; pending after `end()`. @type {Promise<never>} */
  over = new Promise((_, reject) => {
    this.#lose = reject;
  });

  /** Resolves when the server asks to begin another session in place of this one. @type {Promise<void>} */
  moving = new Promise((resolve) => {
    this.#move = resolve;
  });

  /**
   * @param {MediaStreamTrack} track
   * @param {{iceServers: RTCIceServer[], codec: CodecChoice}} connection
   * @param {SessionEvents} on
   */
  constructor(track, { iceServers, codec }, on) {
    if (typeof RTCPeerConnection === 'undefined') throw new CallError('no-webrtc');
    this.#on = on;
    this.over.catch(() => {}); // avoids an unhandled rejection
    this.#pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.#channel = this.#pc.createDataChannel(CHANNEL, { ordered: true });
    this.#video = this.#pc.addTransceiver(track, { direction: 'sendrecv', streams: [new MediaStream()] });
    chooseCodec(this.#video, codec);
    // Negotiated from the start, so that the microphone can be switched without another negotiation.
    this.#audio = this.#pc.addTransceiver('audio', { direction: 'sendrecv' });
    this.#uplink = new UplinkSender(this.#video.sender);
    // The server paces its frames and drops late ones: a jitter buffer here would only add delay.
    if ('jitterBufferTarget' in this.#video.receiver) this.#video.receiver.jitterBufferTarget = 0;
    this.#watch = new PathWatch({
      frame: () => this.#video.receiver.getSynchronizationSources()[0]?.timestamp ?? null,
      received: () => countReceived(this.#pc),
      restart: () => this.#restartIce(),
      onBroken: on.onInterrupted,
      pause,
      now: () => performance.now(),
    });
    this.#listen();
  }

  /** The peer connection with the sender and receiver of the video. */
  get connection() {
    return { pc: this.#pc, sender: this.#video.sender, receiver: this.#video.receiver };
  }

  /**
   * @param {Partial<SessionSettings>} settings
   * @param {AbortSignal} signal
   * @returns {Promise<void>} when the connection is established
   */
  async connect(settings, signal) {
    const late = () => new CallError('connect-timeout');
    await within(Promise.race([this.#negotiate(settings, signal), this.over]), CONNECT_MS, late, signal);
  }

  /** @param {AbortSignal} signal @returns {Promise<void>} when the first frame of the server has arrived */
  async firstFrame(signal) {
    while (this.#video.receiver.getSynchronizationSources().length === 0) {
      await pause(FRAME_LOOK_MS);
      signal.throwIfAborted();
    }
  }

  /** @param {MediaStreamTrack} track */
  setVideo(track) {
    return this.#video.sender.replaceTrack(track);
  }

  /** @param {MediaStreamTrack | null} track null for no audio */
  setAudio(track) {
    this.#audio.sender.replaceTrack(track).catch(() => {
      // The session has ended: the next one starts with this track.
    });
  }

  /** @param {UplinkSettings} uplink */
  setUplink(uplink) {
    return this.#uplink.apply(uplink);
  }

  /** @param {Partial<SessionSettings>} settings sent at once, or when the channel opens */
  applySettings(settings) {
    this.#pending = { ...this.#pending, ...settings };
    if (this.#channel.readyState === 'open') this.#sendPending();
  }

  /** Asks the server to forget what it remembers of the call. */
  forget() {
    if (this.#channel.readyState === 'open') this.#channel.send(JSON.stringify({ type: 'forget' }));
  }

  /** The network may have changed: continues the session on the present one. */
  checkPath() {
    this.#watch.suspect();
  }

  /** Ends the session with a DELETE request; if that fails, the server notices the closed DTLS transport. */
  async end() {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    if (this.#address) await endSession(this.#address);
    this.#pc.close();
  }

  #listen() {
    const { signal } = this.#closed;
    const pc = this.#pc;
    // One stream, so that audio and video are played in sync.
    const stream = new MediaStream();
    pc.addEventListener('track', ({ track }) => {
      stream.addTrack(track);
      if (track.kind !== 'video') return;
      this.stream = stream;
      this.#on.onStream(stream);
    }, { signal });
    pc.addEventListener('connectionstatechange', () => this.#follow(pc.connectionState), { signal });
    this.#channel.addEventListener('open', () => this.#sendPending(), { signal });
    this.#channel.addEventListener('message', ({ data }) => this.#receive(data), { signal });
    this.#channel.addEventListener('close', () => this.#lose(new CallError('connection-lost')), { signal });
  }

  #sendPending() {
    if (Object.keys(this.#pending).length === 0) return;
    this.#channel.send(JSON.stringify({ type: 'control', ...this.#pending }));
    this.#pending = {};
  }

  /** @param {Partial<SessionSettings>} settings @param {AbortSignal} signal */
  async #negotiate(settings, signal) {
    const pc = this.#pc;
    await pc.setLocalDescription();
    await this.#gathered(GATHERING_MS.first);
    const { localDescription } = pc;
    signal.throwIfAborted();
    if (!localDescription) throw new CallError('unexpected');
    const { sdp, type, url = null } = await postOffer(localDescription, settings, CONNECT_MS);
    if (this.#closed.signal.aborted) {
      // The call was stopped or timed out: end the session on the server.
      if (url) await endSession(url);
      return;
    }
    this.#address = url;
    try {
      await pc.setRemoteDescription({ sdp, type });
    } catch (error) {
      signal.throwIfAborted();
      throw new CallError('refused', { detail: /** @type {Error} */ (error).message });
    }
    await this.#settled();
    this.#connected = true;
    this.#watch.run(this.#closed.signal).catch((error) => this.#lose(CallError.from(error)));
  }

  /** Media take the old path until the new one is established. */
  async #restartIce() {
    const pc = this.#pc;
    if (!this.#address) throw new CallError('network-changed');
    if (pc.signalingState === 'have-local-offer') await pc.setLocalDescription({ type: 'rollback' });
    pc.restartIce();
    await pc.setLocalDescription();
    await Promise.race([this.#gathered(GATHERING_MS.restart), this.#firstCandidate().then(() => pause(FURTHER_MS))]);
    const [local, remote] = [pc.localDescription, pc.currentRemoteDescription];
    if (!local || !remote) throw new CallError('unexpected');
    const fragment = await patchIce(this.#address, iceFragment(local.sdp));
    await pc.setRemoteDescription({ type: 'answer', sdp: withFragment(remote.sdp, fragment) });
  }

  /** @param {number} limitMs @returns {Promise<void>} when all candidates are gathered, or after the time limit */
  #gathered(limitMs) {
    const pc = this.#pc;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      const look = () => {
        // After a restart the state is that of the last gathering until the next one begins.
        if (pc.iceGatheringState !== 'complete' || !pc.localDescription?.sdp.includes('a=candidate:')) return;
        clearTimeout(timer);
        resolve();
      };
      pc.addEventListener('icegatheringstatechange', look, { signal: this.#closed.signal });
      look();
    });
  }

  /** @returns {Promise<void>} when the first candidate for UDP is gathered */
  #firstCandidate() {
    return new Promise((resolve) => {
      this.#pc.addEventListener('icecandidate', ({ candidate }) => {
        if (candidate?.protocol === 'udp') resolve();
      }, { signal: this.#closed.signal });
    });
  }

  /** @returns {Promise<void>} when the connection is established; rejects if it failed */
  #settled() {
    const pc = this.#pc;
    return new Promise((resolve, reject) => {
      const look = () => {
        if (pc.connectionState === 'connected') resolve();
        if (pc.connectionState === 'failed') reject(new CallError('connect-timeout'));
      };
      pc.addEventListener('connectionstatechange', look, { signal: this.#closed.signal });
      look();
    });
  }

  /** @param {RTCPeerConnectionState} state */
  #follow(state) {
    if (!this.#connected) return;
    if (state === 'failed' || state === 'closed') this.#lose(new CallError('connection-lost'));
    else this.#on.onInterrupted(state !== 'connected');
  }

  /** @param {unknown} data */
  #receive(data) {
    const message = readMessage(data);
    switch (message?.type) {
      case 'stats':
        this.#uplink.follow(message.advised_reduction ?? 1);
        return this.#on.onStats(message);
      case 'memory_mask': return this.#on.onMemoryMask(message);
      case 'applied':
      case 'forgotten':
      case 'refused': return this.#on.onResponse(message);
      case 'moving': return this.#move();
      case 'restart_sender': return this.#uplink.restart();
      case 'closing': return this.#lose(new CallError('server-closed', { detail: message.reason }));
    }
  }
}

/**
 * @param {RTCPeerConnection} pc
 * @returns {Promise<number>} of received bytes and reports; candidate pairs do not count, because a restart removes them
 */
async function countReceived(pc) {
  const entries = /** @type {Iterable<Record<string, any>>} */ ((await pc.getStats()).values());
  return [...entries].reduce((sum, { type, bytesReceived, reportsSent, roundTripTimeMeasurements }) => {
    const bytes = type === 'inbound-rtp' || type === 'data-channel' ? bytesReceived ?? 0 : 0;
    return sum + bytes + (reportsSent ?? 0) + (roundTripTimeMeasurements ?? 0);
  }, 0);
}

/** @param {number} ms @returns {Promise<void>} */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
