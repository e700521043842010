/**
 * One peer connection to the server: the camera's track out, the enhanced track in, the data channel beside it.
 * @import {ServerStats} from './protocol.js'
 */
import { within } from './deadline.js';
import { CHANNEL } from './protocol.js';
import { postOffer } from './signalling.js';
import { readMessage } from './telemetry.js';
import { Trouble } from './trouble.js';

/** Without ICE servers gathering takes milliseconds; a machine with many interfaces may need longer. */
const GATHERING_MS = 2_000;

/** The server's own limit for a handshake is the same. */
const CONNECT_MS = 15_000;

/**
 * @typedef {object} SessionEvents
 * @property {(stream: MediaStream) => void} onStream the enhanced track has come
 * @property {(stats: ServerStats) => void} onStats once a second
 * @property {(interrupted: boolean) => void} onInterrupted the connection falters, or stands again
 * @property {(trouble: Trouble) => void} onEnd it is over, and not by `close()`
 */

export class Session {
  #pc;
  #channel;
  #on;
  #closed = new AbortController();
  #connected = false;
  #restarting = false;

  /**
   * @param {MediaStream} camera with one video track
   * @param {SessionEvents} on
   */
  constructor(camera, on) {
    if (typeof RTCPeerConnection === 'undefined') throw new Trouble('no-webrtc');
    this.#on = on;
    // Nobody is asked for an address whom the user did not configure.
    this.#pc = new RTCPeerConnection({ iceServers: [] });
    this.#channel = this.#pc.createDataChannel(CHANNEL, { ordered: true });
    this.#sendFrom(camera);
    this.#listen();
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<void>} when frames can flow
   */
  async connect(signal) {
    const late = () => new Trouble('connect-timeout');
    await within(this.#negotiate(signal), CONNECT_MS, late, signal);
  }

  /** Statistics of the peer connection. */
  stats() {
    return this.#pc.getStats();
  }

  /** Ends the session here; the server sees it by the closed DTLS transport. */
  close() {
    this.#closed.abort();
    this.#pc.close();
  }

  /** @param {MediaStream} camera */
  #sendFrom(camera) {
    const [track] = camera.getVideoTracks();
    if (!track) throw new Trouble('camera-failed');
    const { sender, receiver } = this.#pc.addTransceiver(track, { direction: 'sendrecv', streams: [camera] });
    // On a poor line fewer frames rather than small ones: detail is what this page is about. contentHint 'detail'
    // would mean the same, but Chromium 156 then treats a camera as a shared screen, and sends it at a lower rate.
    // No maxBitrate: how much the line takes is for the browser to find out.
    const parameters = { ...sender.getParameters(), degradationPreference: 'maintain-resolution' };
    sender.setParameters(/** @type {RTCRtpSendParameters} */ (parameters)).catch(() => {
      // A browser that does not know it keeps its own balance of size and frame rate.
    });
    // The server paces its frames and drops late ones; waiting for them here would only add delay.
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
  }

  #listen() {
    const { signal } = this.#closed;
    const pc = this.#pc;
    pc.addEventListener('track', ({ track }) => this.#on.onStream(new MediaStream([track])), { signal });
    pc.addEventListener('connectionstatechange', () => this.#follow(pc.connectionState), { signal });
    this.#channel.addEventListener('message', ({ data }) => this.#receive(data), { signal });
    this.#channel.addEventListener('close', () => this.#lose(), { signal });
  }

  /** @param {AbortSignal} signal */
  async #negotiate(signal) {
    const pc = this.#pc;
    await pc.setLocalDescription();
    await this.#gathered();
    const { localDescription } = pc;
    signal.throwIfAborted();
    if (!localDescription) throw new Trouble('unexpected');
    const { sdp, type } = await postOffer(localDescription, signal);
    try {
      await pc.setRemoteDescription({ sdp, type });
    } catch (error) {
      signal.throwIfAborted();
      throw new Trouble('refused', { detail: /** @type {Error} */ (error).message });
    }
    await this.#settled();
    this.#connected = true;
  }

  /** @returns {Promise<void>} when all candidates are known, or it took too long to wait for more */
  #gathered() {
    const pc = this.#pc;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHERING_MS);
      const look = () => {
        if (pc.iceGatheringState !== 'complete') return;
        clearTimeout(timer);
        resolve();
      };
      pc.addEventListener('icegatheringstatechange', look, { signal: this.#closed.signal });
      look();
    });
  }

  /** @returns {Promise<void>} when the connection stands; rejects when it failed */
  #settled() {
    const pc = this.#pc;
    return new Promise((resolve, reject) => {
      const look = () => {
        if (pc.connectionState === 'connected') resolve();
        if (pc.connectionState === 'failed') reject(new Trouble('connect-timeout'));
      };
      pc.addEventListener('connectionstatechange', look, { signal: this.#closed.signal });
      look();
    });
  }

  /** @param {RTCPeerConnectionState} state */
  #follow(state) {
    if (!this.#connected) return;
    if (state === 'failed' || state === 'closed') this.#lose();
    else this.#on.onInterrupted(state !== 'connected');
  }

  /** Switching an encoding off and on makes its encoder begin anew, with a keyframe; replaceTrack() does not. */
  async #restartSender() {
    const [sender] = this.#pc.getSenders();
    // Two at once would each make the other's parameters out of date, and the last word could be "off".
    if (!sender || this.#restarting) return;
    this.#restarting = true;
    try {
      for (const active of [false, true]) {
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings) encoding.active = active;
        await sender.setParameters(parameters);
      }
    } catch {
      // The call ended meanwhile. Where it did not, the server does: nothing comes any more.
    } finally {
      this.#restarting = false;
    }
  }

  #lose() {
    this.#on.onEnd(new Trouble('connection-lost'));
  }

  /** @param {unknown} data */
  #receive(data) {
    const message = readMessage(data);
    if (message?.type === 'stats') this.#on.onStats(message);
    if (message?.type === 'restart_sender') this.#restartSender();
    if (message?.type === 'closing') this.#on.onEnd(new Trouble('server-closed', { detail: message.reason }));
  }
}
