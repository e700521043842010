/**
 * Whatever ends a call against the user's will. The code says what happened; messages.js says it in words.
 * @typedef {'insecure' | 'no-webrtc' | 'denied' | 'no-camera' | 'camera-busy' | 'camera-failed'
 *   | 'camera-lost' | 'server-unreachable' | 'full' | 'refused' | 'connect-timeout' | 'connection-lost'
 *   | 'server-closed' | 'no-picture' | 'unexpected'} TroubleCode
 */

export class Trouble extends Error {
  /**
   * @param {TroubleCode} code
   * @param {object} [more]
   * @param {string | null} [more.detail] what the server or the browser itself said about it
   * @param {number | null} [more.retryAfter] seconds
   */
  constructor(code, { detail = null, retryAfter = null } = {}) {
    super(detail ?? code);
    this.name = 'Trouble';
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  /**
   * @param {unknown} error anything thrown
   * @returns {Trouble}
   */
  static from(error) {
    if (error instanceof Trouble) return error;
    return new Trouble('unexpected', { detail: error instanceof Error ? error.message : String(error) });
  }
}
