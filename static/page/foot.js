/**
 * The foot of the page, and panels that begin closed.
 */
import { serverVersion } from '../call/signalling.js';
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

/** On a phone the panels begin closed: their headings fit on one screen. */
export function closePanels() {
  if (!matchMedia(PHONE).matches) return;
  for (const panel of document.querySelectorAll('details')) panel.open = false;
}

export function offerHelp() {
  const dialog = element('help-dialog', HTMLDialogElement);
  element('help', HTMLButtonElement).addEventListener('click', () => dialog.showModal());
}
