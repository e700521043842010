/**
 * Bit rate and size of the sent video. Every change of the sender's parameters goes through here, one after another:
 * two at once would each invalidate the other's (W3C WebRTC, 5.2: setParameters), and the last one could be "off".
 * @import {UplinkSettings} from './presets.js'
 */

export class UplinkSender {
  #sender;
  /** @type {Promise<void>} */
  #last = Promise.resolve();
  /** @type {UplinkSettings | null} */
  #settings = null;
  #advised = 1;

  /** @param {RTCRtpSender} sender */
  constructor(sender) {
    this.#sender = sender;
  }

  /** @param {UplinkSettings} uplink */
  apply(uplink) {
    this.#settings = uplink;
    return this.#apply(uplink);
  }

  /**
   * Follows the server's advice, where the user has chosen full size.
   * @param {number} reduction of width and height, 1 for full size
   */
  follow(reduction) {
    if (reduction === this.#advised) return;
    this.#advised = reduction;
    if (this.#settings?.scale === 1) this.#apply(this.#settings);
  }

  /** @param {UplinkSettings} uplink */
  #apply({ maxBitrate, scale }) {
    const reduction = scale === 1 ? this.#advised : scale;
    return this.#change((parameters) => {
      // On a poor uplink fewer frames rather than smaller ones: this page is about detail. contentHint 'detail' would
      // mean the same, but Chromium 156 then treats a camera as a shared screen, and sends it at a lower rate.
      Object.assign(parameters, { degradationPreference: 'maintain-resolution' });
      for (const encoding of parameters.encodings) {
        if (maxBitrate === null) delete encoding.maxBitrate;
        else encoding.maxBitrate = maxBitrate;
        encoding.scaleResolutionDownBy = reduction;
      }
    });
  }

  /** Restarts the encoder, with a keyframe, by switching the encoding off and on; replaceTrack() does not do that. */
  restart() {
    for (const active of [false, true]) {
      this.#change(({ encodings }) => {
        for (const encoding of encodings) encoding.active = active;
      });
    }
  }

  /** @param {(parameters: RTCRtpSendParameters) => void} change */
  #change(change) {
    this.#last = this.#last.then(async () => {
      const parameters = this.#sender.getParameters();
      change(parameters);
      await this.#sender.setParameters(parameters);
    }).catch(() => {
      // The call ended meanwhile, or the browser does not know a parameter: it keeps its own balance.
    });
    return this.#last;
  }
}
