/**
 * What the sender of the picture may use of the line. Every change of its parameters goes through here: two at once
 * would each make the other's out of date (W3C WebRTC, 5.2: setParameters), and the last word could be "off".
 * @import {Line} from './presets.js'
 */

export class LineSender {
  #sender;
  /** @type {Promise<void>} */
  #last = Promise.resolve();

  /** @param {RTCRtpSender} sender */
  constructor(sender) {
    this.#sender = sender;
  }

  /** @param {Line} line */
  limit({ maxBitrate, scale }) {
    return this.#change((parameters) => {
      // On a poor line fewer frames rather than small ones: detail is what this page is about. contentHint 'detail'
      // would mean the same, but Chromium 156 then treats a camera as a shared screen, and sends it at a lower rate.
      Object.assign(parameters, { degradationPreference: 'maintain-resolution' });
      for (const encoding of parameters.encodings) {
        if (maxBitrate === null) delete encoding.maxBitrate;
        else encoding.maxBitrate = maxBitrate;
        encoding.scaleResolutionDownBy = scale;
      }
    });
  }

  /** Switching an encoding off and on makes its encoder begin anew, with a keyframe; replaceTrack() does not. */
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
