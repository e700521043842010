/**
 * WHIP and WHEP (RFC 9725, draft-ietf-wish-whep) without trickle: one POST with the offer, one DELETE at the end.
 */
import { request } from './access.js';
import { CallError } from './call-error.js';
import { endSession } from './signalling.js';

/** Time limit for gathering candidates. Without ICE servers it takes milliseconds. */
const GATHERING_MS = 2_000;

/** Pause before another attempt if the server names none. */
const RETRY_S = 3;

/** The stream of this page: the last part of its address. */
export function streamName() {
  return decodeURIComponent(location.pathname.split('/').at(-1) ?? '');
}

/** @typedef {{end: () => void, lost: Promise<void>}} Exchange `lost` resolves when the connection has failed */

/**
 * @param {RTCPeerConnection} pc with its transceivers
 * @param {'whip' | 'whep'} kind
 * @param {AbortSignal} signal
 * @returns {Promise<Exchange>} rejects with a `CallError`; its `retryAfter` says when to try again
 */
export async function exchange(pc, kind, signal) {
  await pc.setLocalDescription();
  await gathered(pc);
  const post = { method: 'POST', headers: { 'Content-Type': 'application/sdp' }, body: pc.localDescription?.sdp ?? '' };
  const reply = await request(`../${kind}/${encodeURIComponent(streamName())}`, post, signal);
  if (!reply.ok) throw refusal(reply);
  const address = new URL(reply.headers.get('Location') ?? '', location.href).href;
  await pc.setRemoteDescription({ type: 'answer', sdp: reply.text });
  const lost = new Promise((/** @type {(none: void) => void} */ resolve) => {
    pc.addEventListener('connectionstatechange', () => {
      if (pc.connectionState === 'failed' || pc.connectionState === 'closed') resolve();
    });
  });
  const end = () => {
    pc.close();
    endSession(address);
  };
  return { end, lost };
}

/** @param {import('./access.js').Reply} reply */
function refusal({ status, headers, body }) {
  const retryAfter = Number(headers.get('Retry-After') ?? RETRY_S) || RETRY_S;
  const detail = typeof body?.message === 'string' ? body.message : `HTTP ${status}`;
  return new CallError(status === 503 || status === 429 ? 'full' : 'refused', { detail, retryAfter });
}

/** @param {RTCPeerConnection} pc @returns {Promise<void>} */
function gathered(pc) {
  return new Promise((resolve) => {
    if (pc.iceGatheringState === 'complete') resolve();
    pc.addEventListener('icegatheringstatechange', () => {
      if (pc.iceGatheringState === 'complete') resolve();
    });
    setTimeout(resolve, GATHERING_MS);
  });
}
