/**
 * Bit rate and size of the sent video. Every change of the sender's parameters goes through here, one after another:
 * two at once would each invalidate the other's (W3C WebRTC, 5.2: setParameters), and the last one could be "off".
 * @import {UplinkSettings} from './presets.js'
 */

export class UplinkSender {
  #sender;
  /** @type {Promise<void>} */
  #last = Promise.resolve();

  /** @param {RTCRtpSender} sender */
  constructor(sender) {
    this.#sender = sender;
  }

  /** @param {UplinkSettings} uplink */
  apply({ maxBitrate, scale }) {
    return this.#change((parameters) => {
      // On a poor uplink fewer frames rather than smaller ones: this page is about detail. contentHint 'detail' would
      // mean the same, but Chromium 156 then treats a camera as a shared screen, and sends it at a lower rate.
      Object.assign(parameters, { degradationPreference: 'maintain-resolution' });
      for (const encoding of parameters.encodings) {
        if (maxBitrate === null) delete encoding.maxBitrate;
        else encoding.maxBitrate = maxBitrate;
        encoding.scaleResolutionDownBy = scale;
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
