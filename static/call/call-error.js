/**
 * Errors of a call. Their texts are in texts/: `error.CODE.what` is the error, `error.CODE.next` is what
 * to do.
 * @typedef {'insecure' | 'no-webrtc' | 'codec-missing' | 'denied' | 'no-camera' | 'camera-busy' | 'camera-failed'
 *   | 'camera-lost' | 'microphone-denied' | 'microphone-failed' | 'microphone-lost' | 'screen-denied'
 *   | 'screen-missing' | 'screen-ended' | 'no-file' | 'file-failed'
 *   | 'server-unreachable' | 'full' | 'token-missing' | 'token-wrong' | 'refused' | 'connect-timeout'
 *   | 'connection-lost' | 'network-changed' | 'server-closed' | 'no-video' | 'unexpected'} ErrorCode
 */

export class CallError extends Error {
  /**
   * @param {ErrorCode} code
   * @param {object} [more]
   * @param {string | null} [more.detail] message of the server or the browser
   * @param {number | null} [more.retryAfter] seconds after which to try again, from the server
   */
  constructor(code, { detail = null, retryAfter = null } = {}) {
    super(detail ?? code);
    this.name = 'CallError';
    this.code = code;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }

  /**
   * @param {unknown} error anything thrown
   * @returns {CallError}
   */
  static from(error) {
    if (error instanceof CallError) return error;
    return new CallError('unexpected', { detail: error instanceof Error ? error.message : String(error) });
  }
}
