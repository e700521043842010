/**
 * The foot of the page, and panels that open and close.
 * @import {Choice} from '../choices.js'
 */
import { serverVersion } from '../call/signalling.js';
import { recall, remember } from '../choices.js';
import { element, write } from '../dom.js';

const PHONE = '(max-width: 48rem)';

/** Version of the server; null until it is known. @type {string | null} */
let version = null;

export function knownVersion() {
  return version;
}

/** Asks for the version, unless it is known. Where the server requires a token, it is told with one only. */
export async function fetchVersion() {
  version ??= await serverVersion();
  if (version) write(element('version', HTMLElement), version);
}

/**
 * Panels are as they were at the last visit, each screen size for itself. At the first visit they are open, on a phone
 * closed: their headings fit on one screen.
 */
export function restorePanels() {
  const phone = matchMedia(PHONE).matches;
  for (const panel of document.querySelectorAll('details')) {
    /** @type {Choice} */
    const choice = `panel.${panel.querySelector('[id]')?.id}${phone ? '.phone' : ''}`;
    const wanted = recall(choice);
    panel.open = wanted === null ? !phone : wanted === 'open';
    let was = panel.open;
    panel.addEventListener('toggle', () => {
      if (panel.open === was) return; // the event of the lines above
      was = panel.open;
      remember(choice, was ? 'open' : 'closed');
    });
  }
}

export function offerHelp() {
  const dialog = element('help-dialog', HTMLDialogElement);
  element('help', HTMLButtonElement).addEventListener('click', () => dialog.showModal());
}
