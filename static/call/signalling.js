/**
 * Signalling over HTTP: the ICE servers, one POST with the offer (no trickle ICE), and the end of the session.
 * @import {Answer, Refusal, SessionSettings} from './protocol.js'
 * @import {Reply} from './access.js'
 */
import { request } from './access.js';
import { CallError } from './call-error.js';

/** Time limit of the request that ends a session. */
const GOODBYE_MS = 1_000;

/** Time limit for finding out whether the server answers. */
const PROBE_MS = 2_000;

const NEVER = new AbortController().signal;

/**
 * @param {AbortSignal} signal
 * @returns {Promise<RTCIceServer[]>} as configured on the server; the page adds none
 */
export async function iceServers(signal) {
  const reply = await request('ice-servers', {}, signal);
  if (reply.status === 404) return []; // the server has none configured
  if (!reply.ok) throw refusal(reply);
  const servers = reply.body?.iceServers;
  return Array.isArray(servers) ? servers : [];
}

/**
 * Cannot be aborted: the server may have opened the session already, and only the answer contains its URL.
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
 * Ends the session on the server, also while the page is being left.
 * @param {string} address URL of the session
 */
export async function endSession(address) {
  await request(address, { method: 'DELETE', keepalive: true }, NEVER, GOODBYE_MS).catch(() => {
    // The server is unreachable or has ended the session already.
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

/** @returns {Promise<string | null>} version of the server; null if it is unknown */
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
  // 503: full or about to stop; 429: too many requests. Both have a Retry-After header.
  const later = (status === 503 && message) || (status === 429 && retryAfter !== null);
  return new CallError(later ? 'full' : 'refused', { detail, retryAfter });
}

/** @param {string | null} header RFC 9110, 10.2.3; only seconds are read, not dates */
function seconds(header) {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}
