/** All texts of the page, in the user's language; the texts themselves are in texts/. See translation.js. */
import { Translation } from './translation.js';

/** @typedef {keyof typeof import('./texts/en.js').default} TextKey */
/** @import {Values} from './translation.js' */

/** @type {Translation<TextKey>} */
const page = await Translation.open((language) => import(`./texts/${language}.js`));

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

/** @param {string} wanted @returns {Promise<void>} when the page is filled */
export function chooseLanguage(wanted) {
  return page.choose(wanted);
}
