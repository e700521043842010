/**
 * The one place that says what is going on and what to do; a live region, so that it is also heard. Seconds that are
 * counted down stand beside it: nobody wants each of them read out.
 * @import {TextKey, Values} from './texts.js'
 */
import { element } from './dom.js';
import { showText } from './texts.js';

/** @typedef {'idle' | 'busy' | 'live' | 'error'} Kind */

/** A button beside the words. @typedef {{label: TextKey, act: () => void}} Action */

/**
 * @typedef {object} Status
 * @property {Kind} kind
 * @property {TextKey} what is going on
 * @property {TextKey} next to do
 * @property {Values} [values] of both
 * @property {Action | null} [action]
 */

const button = element('status-action', HTMLButtonElement);
/** @type {() => void} */
let act = () => {};
button.addEventListener('click', () => act());

/** @param {Status} said */
export function showStatus({ kind, what, next, values, action = null }) {
  element('status-box', HTMLElement).dataset.kind = kind;
  showText(element('status-what', HTMLElement), what, values);
  showText(element('status-next', HTMLElement), next, values);
  const focused = document.activeElement === button;
  button.hidden = action === null;
  if (action) {
    act = action.act;
    showText(button, action.label);
  } else if (focused) {
    element('start', HTMLButtonElement).focus();
  }
}

/**
 * Counts down beside the words.
 * @param {number} seconds
 * @param {AbortSignal} signal
 * @returns {{over: Promise<void>, skip: () => void}} `over` resolves at zero, when skipped, and when aborted
 */
export function countDown(seconds, signal) {
  const counter = element('status-countdown', HTMLElement);
  const until = performance.now() + seconds * 1000;
  let skip = () => {};
  /** @type {Promise<void>} */
  const over = new Promise((resolve) => {
    const show = () => showText(counter, 'state.countdown', { seconds: Math.ceil((until - performance.now()) / 1000) });
    const timer = setInterval(() => (performance.now() >= until ? skip() : show()), 250);
    skip = () => {
      clearInterval(timer);
      showText(counter, null);
      resolve();
    };
    signal.addEventListener('abort', skip);
    show();
  });
  return { over, skip };
}
