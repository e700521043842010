/**
 * All texts of the page, in the user's language; the texts themselves are in texts/.
 *
 * Attributes name an element's texts: `data-text` its content, `data-text-label` its aria-label, `data-text-title` its
 * title, `data-text-option` the label of an option group. Texts that change while the page runs are set by `showText`,
 * which sets the same attribute, so that a change of the language updates them all.
 */
import de from './texts/de.js';
import en from './texts/en.js';
import { recall, remember } from './choices.js';

/** @typedef {keyof typeof en} TextKey */
/** @typedef {keyof typeof LANGUAGES} Language */
/** Values for the placeholders `{name}` of a text. @typedef {Record<string, string | number>} Values */

/** Languages, each under its own name. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' };

/** @type {Record<Language, Record<TextKey, string>>} */
const TEXTS = { en, de };

/** Values of each element's placeholders. @type {WeakMap<Element, Values>} */
const valuesOf = new WeakMap();

/** @type {Language} */
let language = firstKnown([recall('language'), ...navigator.languages]);

/**
 * @param {TextKey} key
 * @param {Values} [values]
 */
export function text(key, values = {}) {
  return TEXTS[language][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/**
 * Shows a text in an element, now and after a change of the language. Elements with the same text already are left
 * alone, for screen readers and layout.
 * @param {HTMLElement} target
 * @param {TextKey | null} key null for no text
 * @param {Values} [values]
 */
export function showText(target, key, values = {}) {
  if (key === null) delete target.dataset.text;
  else target.dataset.text = key;
  valuesOf.set(target, values);
  const words = key === null ? '' : text(key, values);
  if (target.textContent !== words) target.textContent = words;
}

/** Fills every marked element of the page. */
export function fillTexts() {
  document.documentElement.lang = language;
  for (const target of marked('data-text')) target.textContent = text(key(target, 'text'), valuesOf.get(target));
  for (const target of marked('data-text-label')) target.ariaLabel = text(key(target, 'textLabel'));
  for (const target of marked('data-text-option')) target.setAttribute('label', text(key(target, 'textOption')));
  for (const target of marked('data-text-title')) target.title = text(key(target, 'textTitle'));
  // The page is hidden until now, while its elements are still empty.
  document.documentElement.dataset.filled = '';
}

/** @returns {Language} */
export function currentLanguage() {
  return language;
}

/** @param {string} wanted */
export function chooseLanguage(wanted) {
  language = firstKnown([wanted, language]);
  remember('language', language);
  fillTexts();
}

/** @param {string} attribute @returns {Iterable<HTMLElement>} */
function marked(attribute) {
  return document.querySelectorAll(`[${attribute}]`);
}

/**
 * @param {HTMLElement} target
 * @param {'text' | 'textLabel' | 'textTitle' | 'textOption'} mark
 */
function key(target, mark) {
  const found = target.dataset[mark] ?? '';
  if (!(found in en)) throw new Error(`texts/en.js has no text ${found}`);
  return /** @type {TextKey} */ (found);
}

/** @param {(string | null)[]} wanted tags of BCP 47, best first @returns {Language} */
function firstKnown(wanted) {
  const known = wanted.map((tag) => tag?.split('-')[0] ?? '').find((tag) => tag in LANGUAGES);
  return /** @type {Language} */ (known ?? 'en');
}
