/**
 * Requests to the server, with the token that it may ask for (RFC 6750). The token is kept for this tab only, and
 * ends with it.
 */
import { Trouble } from './trouble.js';

const KEY = 'acutance.token';

/** Where storage is switched off, as long as the page is open. @type {string | null} */
let kept = null;

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
 * @param {RequestInit} request
 * @returns {Promise<Response>} of any status but 401
 */
export async function ask(address, request) {
  const bearer = token();
  const headers = { ...request.headers, ...(bearer ? { Authorization: `Bearer ${bearer}` } : {}) };
  let response;
  try {
    response = await fetch(address, { ...request, headers });
  } catch {
    request.signal?.throwIfAborted();
    throw new Trouble('server-unreachable');
  }
  if (response.status === 401) throw new Trouble(bearer ? 'token-wrong' : 'token-missing');
  return response;
}
