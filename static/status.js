/**
 * Status of the call and what to do next, in a live region, so that screen readers announce it. The countdown is
 * outside of the region: it would be announced every second.
 * @import {TextKey} from './texts.js'
 * @import {Values} from './translation.js'
 */
import { element } from './dom.js';
import { showText } from './texts.js';

/** @typedef {'idle' | 'busy' | 'live' | 'error'} Kind */

/** A button beside the text. @typedef {{label: TextKey, act: () => void}} Action */

/**
 * @typedef {object} Status
 * @property {Kind} kind
 * @property {TextKey} what happens
 * @property {TextKey} next to do
 * @property {Values} [values] of both
 * @property {Action | null} [action]
 */

const button = element('status-action', HTMLButtonElement);
/** @type {() => void} */
let act = () => {};
button.addEventListener('click', () => act());

/** @param {Status} status */
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
    // Start or Stop, of which one is enabled.
    const start = element('start', HTMLButtonElement);
    (start.disabled ? element('stop', HTMLButtonElement) : start).focus();
  }
}

/**
 * Shows a countdown beside the status.
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
