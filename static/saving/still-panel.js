/**
 * Freezes the current pair, and saves it as a still image.
 * @import {Half} from '../pairs/painter.js'
 * @import {Match} from '../pairs/pairing.js'
 * @import {Size} from '../call/protocol.js'
 */
import { element } from '../dom.js';
import { UNKNOWN, sizeText } from '../format.js';
import { showText, text } from '../texts.js';
import { fileName, offerFile } from './file-name.js';
import { stillImage } from './still.js';

/** @type {Record<Match, 'stage.match.exact' | 'stage.match.near' | 'stage.match.camera'>} */
const MATCHES = { exact: 'stage.match.exact', near: 'stage.match.near', camera: 'stage.match.camera' };

export class StillPanel {
  frozen = false;
  /** Student in use on the server. @type {string | null} */
  student = null;
  /** Match of the current pair. @type {Match | null} */
  match = null;
  #freeze = element('stage-freeze', HTMLButtonElement);
  #save = element('stage-save', HTMLButtonElement);
  #link = element('stage-still', HTMLAnchorElement);
  #message = element('stage-message', HTMLElement);
  #halves;

  /** @param {{original: Half, enhanced: Half}} halves */
  constructor(halves) {
    this.#halves = halves;
    this.#freeze.addEventListener('click', () => this.#setFrozen(!this.frozen));
    this.#save.addEventListener('click', () => this.#keep());
    this.#setFrozen(false);
  }

  /** Unfreezes, after a call. */
  clear() {
    this.#setFrozen(false);
    this.student = this.match = null;
  }

  /** @param {boolean} frozen */
  #setFrozen(frozen) {
    this.frozen = frozen && this.#halves.enhanced.size !== null;
    this.#freeze.ariaPressed = String(this.frozen);
    showText(this.#message, this.frozen ? 'stage.frozen' : null);
  }

  async #keep() {
    const { original, enhanced } = this.#halves;
    const date = new Date();
    try {
      if (!original.size || !enhanced.size || !this.match) throw new Error('no frame to save');
      const caption = { original: this.#sent(original.size, enhanced.size), enhanced: this.#returned(enhanced.size) };
      const file = await stillImage(original.canvas, enhanced.canvas, caption, text(MATCHES[this.match]), date);
      offerFile(this.#link, file, fileName(date, 'png'));
      showText(this.#message, 'stage.still.saved', { name: fileName(date, 'png') });
    } catch {
      showText(this.#message, 'stage.still.none');
    }
  }

  /** @param {Size} size @param {Size} shown */
  #sent(size, shown) {
    const kind = this.match === 'camera' ? 'stage.still.camera' : 'stage.still.sent';
    const enlarged = size[0] === shown[0] && size[1] === shown[1] ? '' : text('stage.still.enlarged');
    return text(kind, { size: sizeText(size), enlarged });
  }

  /** @param {Size} size */
  #returned(size) {
    return text('stage.still.returned', { size: sizeText(size), student: this.student ?? UNKNOWN });
  }
}
