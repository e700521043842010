/** Shows one step of the study at a time. */
import { element } from '../../dom.js';

const STEPS = /** @type {const} */ (['welcome', 'screen', 'vision', 'notice', 'trial', 'done']);

/** @param {typeof STEPS[number]} step */
export function show(step) {
  for (const name of STEPS) element(name, HTMLElement).hidden = name !== step;
}

/** Waits for a click on a button, which gets the focus, so that Enter will do. @param {string} id */
export async function pressed(id) {
  const button = element(id, HTMLButtonElement);
  button.focus();
  await new Promise((resolve) => button.addEventListener('click', resolve, { once: true }));
}
