/**
 * Offer out, answer in: one POST, no trickle.
 * @import {Answer, Refusal} from './protocol.js'
 */
import { Trouble } from './trouble.js';

/**
 * @param {RTCSessionDescription} offer with its candidates
 * @param {AbortSignal} signal
 * @returns {Promise<Answer>}
 */
export async function postOffer({ sdp, type }, signal) {
  let response;
  try {
    response = await fetch('offer', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ sdp, type }),
      signal,
    });
  } catch {
    signal.throwIfAborted();
    throw new Trouble('server-unreachable');
  }
  if (!response.ok) throw await refusal(response);
  return response.json();
}

/**
 * @param {Response} response
 * @returns {Promise<Trouble>}
 */
async function refusal(response) {
  // A proxy in between answers with a page of its own: then the status has to do.
  const { error, message } = await /** @type {Promise<Refusal>} */ (response.json())
    .catch(() => ({ error: null, message: null }));
  if (response.status === 503 && error === 'full') {
    return new Trouble('full', { detail: message, retryAfter: seconds(response.headers.get('Retry-After')) });
  }
  return new Trouble('refused', { detail: message || `HTTP status ${response.status}` });
}

/** @param {string | null} header RFC 9110, 10.2.3: seconds, or a date, which is not worth reading here */
function seconds(header) {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}
