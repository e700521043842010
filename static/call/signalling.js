/**
 * Offer out, answer in: one POST, no trickle; before it the ICE servers, after it the end.
 * @import {Answer, Refusal, SessionSettings} from './protocol.js'
 */
import { ask } from './access.js';
import { Trouble } from './trouble.js';

/** A goodbye is not waited for longer than this. */
const GOODBYE_MS = 1_000;

/**
 * @param {AbortSignal} signal
 * @returns {Promise<RTCIceServer[]>} that whoever runs the server has configured; nobody else is ever asked
 */
export async function iceServers(signal) {
  const response = await ask('ice-servers', { signal });
  if (response.status === 404) return []; // a server without the route has none
  if (!response.ok) throw await refusal(response);
  const { iceServers: servers } = await response.json();
  return Array.isArray(servers) ? servers : [];
}

/**
 * @param {RTCSessionDescription} offer with its candidates
 * @param {Partial<SessionSettings>} settings
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export async function postOffer({ sdp, type }, settings, signal) {
  const response = await ask('offer', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ sdp, type, settings }),
    signal,
  });
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/**
 * Frees the place on the server, also while the page is being left.
 * @param {string} address of the session
 */
export async function endSession(address) {
  const signal = AbortSignal.timeout(GOODBYE_MS);
  await ask(address, { method: 'DELETE', keepalive: true, signal }).catch(() => {
    // The server is away, or has ended the session: it is over either way.
  });
}

/**
 * @param {Response} response
 * @returns {Promise<Trouble>}
 */
async function refusal(response) {
  // A proxy in between answers with a page of its own: then the status has to do.
  const { error, message } = await /** @type {Promise<Refusal>} */ (response.json())
    .catch(() => ({ error: null, message: null }));
  const detail = message || `HTTP ${response.status}`;
  const retryAfter = seconds(response.headers.get('Retry-After'));
  if (error === 'no_codec') return new Trouble('codec-missing', { detail });
  // 503: full, or about to stop; 429: asked too often. Both say when to come back.
  const later = (response.status === 503 && message) || (response.status === 429 && retryAfter !== null);
  return new Trouble(later ? 'full' : 'refused', { detail, retryAfter });
}

/** @param {string | null} header RFC 9110, 10.2.3: seconds, or a date, which is not worth reading here */
function seconds(header) {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}
