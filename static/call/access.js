/**
 * Requests to the server, with a bearer token where the server requires one (RFC 6750). The token is kept for this
 * tab only.
 */
import { within } from './deadline.js';
import { CallError } from './call-error.js';

const KEY = 'acutance.token';

/** Time limit of a request. A connection that is good enough for a call is faster. */
const ANSWER_MS = 10_000;

/** The token where session storage is disabled. @type {string | null} */
let kept = null;

/**
 * @typedef {object} Reply
 * @property {number} status any but 401
 * @property {boolean} ok
 * @property {Headers} headers
 * @property {string} text
 * @property {any} body parsed JSON; null if it is not JSON
 */

/** @param {string} token */
export function keepToken(token) {
  kept = token;
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Session storage is disabled: the variable holds the token.
  }
}

function token() {
  try {
    return sessionStorage.getItem(KEY) ?? kept;
  } catch {
    return kept;
  }
}

/**
 * @param {string} address
 * @param {Omit<RequestInit, 'signal'>} request
 * @param {AbortSignal} signal aborts the request; the promise rejects with the signal's reason
 * @param {number} [limitMs] time limit for the whole response
 * @returns {Promise<Reply>} rejects with the `CallError` 'server-unreachable' if there is none within the
 *   limit, 'token-missing' or 'token-wrong' if its status is 401
 */
export async function request(address, request, signal, limitMs = ANSWER_MS) {
  const bearer = token();
  const headers = { ...request.headers, ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}) };
  const over = new AbortController();
  const late = () => new CallError('server-unreachable');
  try {
    const reply = await within(
      fetchReply(address, { ...request, headers, signal: over.signal }), limitMs, late, signal);
    if (reply.status === 401) throw new CallError(bearer ? 'token-wrong' : 'token-missing');
    return reply;
  } finally {
    over.abort();
  }
}

/** @param {string} address @param {RequestInit} request @returns {Promise<Reply>} */
async function fetchReply(address, request) {
  try {
    const response = await fetch(address, request);
    const { status, ok, headers } = response;
    const text = await response.text();
    return { status, ok, headers, text, body: parse(text) };
  } catch {
    throw new CallError('server-unreachable');
  }
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // for example the HTML page of a proxy
  }
}
