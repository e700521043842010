/**
 * Offer out, answer in: one POST, no trickle; before it the ICE servers, after it the end.
 * @import {Answer, Refusal, SessionSettings} from './protocol.js'
 * @import {Reply} from './access.js'
 */
import { request } from './access.js';
import { CallError } from './call-error.js';

/** The end of a session is not waited for longer than this. */
const GOODBYE_MS = 1_000;

/** Whether the server can be reached is known sooner, or it is too slow for a call. */
const PROBE_MS = 2_000;

const NEVER = new AbortController().signal;

/**
 * @param {AbortSignal} signal
 * @returns {Promise<RTCIceServer[]>} that whoever runs the server has configured; nobody else is ever asked
 */
export async function iceServers(signal) {
  const reply = await request('ice-servers', {}, signal);
  if (reply.status === 404) return []; // a server without the route has none
  if (!reply.ok) throw refusal(reply);
  const servers = reply.body?.iceServers;
  return Array.isArray(servers) ? servers : [];
}

/**
 * Not to be given up on the way: the server may have opened a session already, and its address is in the answer.
 * @param {RTCSessionDescription} offer with its candidates
 * @param {Partial<SessionSettings>} settings
 * @param {number} limitMs
 * @returns {Promise<Answer>}
 */
export async function postOffer({ sdp, type }, settings, limitMs) {
  const post = {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ sdp, type, settings }),
  };
  const reply = await request('offer', post, NEVER, limitMs);
  if (!reply.ok) throw refusal(reply);
  if (reply.body === null) throw new CallError('refused', { detail: 'The answer is not JSON.' });
  return reply.body;
}

/**
 * Frees the place on the server, also while the page is being left.
 * @param {string} address of the session
 */
export async function endSession(address) {
  await request(address, { method: 'DELETE', keepalive: true }, NEVER, GOODBYE_MS).catch(() => {
    // The server is away, or has ended the session: it is over either way.
  });
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} whether the server answers HTTP requests now
 */
export async function answers(signal) {
  try {
    await request('ready', {}, signal, PROBE_MS);
    return true;
  } catch (error) {
    return error instanceof CallError && error.code.startsWith('token');
  }
}

/** @returns {Promise<string | null>} version of the server; null where it does not tell this page */
export async function serverVersion() {
  const reply = await request('health', {}, NEVER).catch(() => null);
  const version = reply?.body?.version;
  return typeof version === 'string' ? version : null;
}

/**
 * @param {Reply} reply
 * @returns {CallError}
 */
function refusal({ status, headers, body }) {
  const { error = null, message = null } = /** @type {Partial<Refusal>} */ (body ?? {});
  const detail = message || `HTTP ${status}`;
  const retryAfter = seconds(headers.get('Retry-After'));
  if (error === 'no_codec') return new CallError('codec-missing', { detail });
  // 503: full, or about to stop; 429: asked too often. Both say when to come back.
  const later = (status === 503 && message) || (status === 429 && retryAfter !== null);
  return new CallError(later ? 'full' : 'refused', { detail, retryAfter });
}

/** @param {string | null} header RFC 9110, 10.2.3: seconds, or a date, which is not worth reading here */
function seconds(header) {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}
