/**
 * Requests to the server, with the token that it may ask for (RFC 6750). The token is kept for this tab only, and
 * ends with it.
 */
import { within } from './deadline.js';
import { CallError } from './call-error.js';

const KEY = 'acutance.token';

/** A server that is there answers sooner, over any connection that could carry a call. */
const ANSWER_MS = 10_000;

/** Where storage is switched off, as long as the page is open. @type {string | null} */
let kept = null;

/**
 * @typedef {object} Reply
 * @property {number} status any but 401
 * @property {boolean} ok
 * @property {Headers} headers
 * @property {any} body parsed JSON; null where it is none
 */

/** @param {string} token */
export function keepToken(token) {
  kept = token;
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // Storage is switched off: the variable has it.
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
 * @param {AbortSignal} signal gives the request up; the promise then rejects with its reason
 * @param {number} [limitMs] for the whole answer
 * @returns {Promise<Reply>} rejects with the `CallError` 'server-unreachable' where none comes in time, with
 *   'token-missing' or 'token-wrong' where the status is 401
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
    return { status, ok, headers, body: parse(await response.text()) };
  } catch {
    throw new CallError('server-unreachable');
  }
}

/** @param {string} text @returns {any} */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy in between answers with a page of its own
  }
}
