/** Shows both halves as a mirror does. What is sent, saved and recorded is not mirrored. */
import { recall, remember } from '../choices.js';

/** Attribute of the stage. */
export const MIRRORED = 'data-mirror';

/** @param {HTMLInputElement} input @param {HTMLElement} stage */
export function mirrorSwitch(input, stage) {
  input.checked = recall('mirror') === 'on';
  stage.toggleAttribute(MIRRORED, input.checked);
  input.addEventListener('change', () => {
    remember('mirror', input.checked ? 'on' : 'off');
    stage.toggleAttribute(MIRRORED, input.checked);
  });
}
