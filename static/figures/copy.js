/** The button that copies the report; without access to the clipboard, a dialog shows it for copying by hand. */
import { element } from '../dom.js';
import { showText } from '../texts.js';

/** @param {() => object} report */
export function offerCopy(report) {
  const message = element('copy-message', HTMLElement);
  element('copy', HTMLButtonElement).addEventListener('click', async () => {
    const json = JSON.stringify(report(), null, 1);
    showText(message, null);
    try {
      await navigator.clipboard.writeText(json);
      showText(message, 'copy.done');
    } catch {
      // Not a secure origin, or not allowed by the browser.
      const text = element('copy-text', HTMLTextAreaElement);
      text.value = json;
      element('copy-dialog', HTMLDialogElement).showModal();
      text.select();
    }
  });
}
