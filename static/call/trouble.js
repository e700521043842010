/**
 * Whatever keeps a call from being live. The code says what happened; texts/ says it in words, with a next step,
 * under `trouble.CODE.what` and `trouble.CODE.next`.
 * @typedef {'insecure' | 'no-webrtc' | 'codec-missing' | 'denied' | 'no-camera' | 'camera-busy' | 'camera-failed'
 *   | 'camera-lost' | 'microphone-denied' | 'microphone-failed' | 'microphone-lost' | 'screen-denied' | 'screen-missing'
 *   | 'screen-ended' | 'no-file' | 'file-failed'
 *   | 'server-unreachable' | 'full' | 'token-missing' | 'token-wrong' | 'refused' | 'connect-timeout'
 *   | 'connection-lost' | 'network-changed' | 'server-closed' | 'no-picture' | 'unexpected'} TroubleCode
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
