/**
 * The texts of a page in the user's language.
 *
 * Attributes name an element's texts: `data-text` its content, `data-text-label` its aria-label, `data-text-title` its
 * title, `data-text-option` the label of an option group. Texts that change while the page runs are set by `show`,
 * which sets the same attribute, so that a change of the language updates them all.
 */
import { recall, remember } from './choices.js';

/** Languages, each under its own name. */
const LANGUAGES = { en: 'English', de: 'Deutsch' };

/** @typedef {keyof typeof LANGUAGES} Language */
/** Values for the placeholders `{name}` of a text. @typedef {Record<string, string | number>} Values */

/**
 * Imports the texts of a language: only the one in use is loaded.
 * @template {string} Key
 * @typedef {(language: Language) => Promise<{default: Record<Key, string>}>} Load
 */

/** @template {string} Key */
export class Translation {
  /** @type {Record<Key, string>} */
  #texts;
  /** Values of each element's placeholders. @type {WeakMap<Element, Values>} */
  #valuesOf = new WeakMap();

  #load;
  /** The language that was chosen last, while its texts are loading. */
  #wanted;

  /**
   * @param {Load<Key>} load
   * @param {Language} language
   * @param {Record<Key, string>} texts in that language
   */
  constructor(load, language, texts) {
    this.#load = load;
    this.#wanted = this.language = language;
    this.#texts = texts;
  }

  /**
   * @template {string} Key
   * @param {Load<Key>} load
   * @returns {Promise<Translation<Key>>} in the language that was chosen at the last visit, else in that of the browser
   */
  static async open(load) {
    const language = firstKnown([recall('language'), ...navigator.languages]);
    return new Translation(load, language, (await load(language)).default);
  }

  /** @param {Key} key @param {Values} [values] */
  text(key, values = {}) {
    return this.#texts[key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
  }

  /**
   * Shows a text in an element, now and after a change of the language. Elements with the same text already are left
   * alone, for screen readers and layout.
   * @param {HTMLElement} target
   * @param {Key | null} key null for no text
   * @param {Values} [values]
   */
  show(target, key, values = {}) {
    if (key === null) delete target.dataset.text;
    else target.dataset.text = key;
    this.#valuesOf.set(target, values);
    const words = key === null ? '' : this.text(key, values);
    if (target.textContent !== words) target.textContent = words;
  }

  /** Fills every marked element of the page. */
  fill() {
    document.documentElement.lang = this.language;
    for (const target of marked('data-text')) {
      target.textContent = this.text(this.#key(target, 'text'), this.#valuesOf.get(target));
    }
    for (const target of marked('data-text-label')) target.ariaLabel = this.text(this.#key(target, 'textLabel'));
    for (const target of marked('data-text-option')) {
      target.setAttribute('label', this.text(this.#key(target, 'textOption')));
    }
    for (const target of marked('data-text-title')) target.title = this.text(this.#key(target, 'textTitle'));
    // The page is hidden until now, while its elements are still empty.
    document.documentElement.dataset.filled = '';
  }

  /** @param {string} wanted @returns {Promise<void>} when the page is filled, unless another one is chosen meanwhile */
  async choose(wanted) {
    const language = this.#wanted = firstKnown([wanted, this.language]);
    const { default: texts } = await this.#load(language);
    if (this.#wanted !== language) return;
    this.#texts = texts;
    this.language = language;
    remember('language', language);
    this.fill();
  }

  /**
   * @param {HTMLElement} target
   * @param {'text' | 'textLabel' | 'textTitle' | 'textOption'} mark
   */
  #key(target, mark) {
    const found = target.dataset[mark] ?? '';
    if (!(found in this.#texts)) throw new Error(`texts/${this.language}.js has no text ${found}`);
    return /** @type {Key} */ (found);
  }
}

/**
 * Offers the languages in a list; a change fills the page again.
 * @param {HTMLSelectElement} select
 * @param {Language} current
 * @param {(wanted: string) => unknown} choose
 */
export function offerLanguages(select, current, choose) {
  select.replaceChildren(...Object.entries(LANGUAGES).map(([tag, name]) => {
    const option = new Option(name, tag);
    option.lang = tag;
    return option;
  }));
  select.value = current;
  select.addEventListener('change', () => choose(select.value));
}

/** @param {string} attribute @returns {Iterable<HTMLElement>} */
function marked(attribute) {
  return document.querySelectorAll(`[${attribute}]`);
}

/** @param {(string | null)[]} wanted tags of BCP 47, best first @returns {Language} */
function firstKnown(wanted) {
  const known = wanted.map((tag) => tag?.split('-')[0] ?? '').find((tag) => tag in LANGUAGES);
  return /** @type {Language} */ (known ?? 'en');
}
