/** All texts of the page, in the user's language; the texts themselves are in texts/. See translation.js. */
import de from './texts/de.js';
import en from './texts/en.js';
import { Translation } from './translation.js';

/** @typedef {keyof typeof en} TextKey */
/** @import {Values} from './translation.js' */

/** @type {Translation<TextKey>} */
const page = new Translation({ en, de });

/** @param {TextKey} key @param {Values} [values] */
export function text(key, values) {
  return page.text(key, values);
}

/** @param {HTMLElement} target @param {TextKey | null} key null for no text @param {Values} [values] */
export function showText(target, key, values) {
  page.show(target, key, values);
}

/** Fills every marked element of the page. */
export function fillTexts() {
  page.fill();
}

export function currentLanguage() {
  return page.language;
}

/** @param {string} wanted */
export function chooseLanguage(wanted) {
  page.choose(wanted);
}
