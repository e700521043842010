/**
 * Signalling over HTTP: the ICE servers, one POST with the offer (no trickle ICE), ICE restarts, and the end of the
 * session.
 * @import {Answer, Refusal, SessionSettings} from './protocol.js'
 * @import {Reply} from './access.js'
 */
import { request } from './access.js';
import { CallError } from './call-error.js';

/** Time limit of the request that ends a session. */
const GOODBYE_MS = 1_000;

/** Time limit of an ICE restart. A request on a connection of the old network may never be answered. */
const RESTART_MS = 1_500;

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
 * Restarts ICE (RFC 9725, section 4.3.3).
 * @param {string} address URL of the session
 * @param {string} fragment SDP fragment with the new credentials and candidates
 * @returns {Promise<string>} SDP fragment of the server; rejects with the `CallError` 'refused' if it cannot
 */
export async function patchIce(address, fragment) {
  const patch = {
    method: 'PATCH',
    headers: { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' },
    body: fragment,
  };
  const reply = await request(address, patch, NEVER, RESTART_MS);
  if (reply.status !== 200) throw refusal(reply);
  return reply.text;
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
