/** The button that copies the report; where the clipboard is shut, the text is shown to be copied by hand. */
import { element } from '../dom.js';
import { showText } from '../texts.js';

/** @param {() => object} report */
export function offerCopy(report) {
  const said = element('copy-message', HTMLElement);
  element('copy', HTMLButtonElement).addEventListener('click', async () => {
    const json = JSON.stringify(report(), null, 1);
    showText(said, null);
    try {
      await navigator.clipboard.writeText(json);
      showText(said, 'copy.done');
    } catch {
      // Not a secure origin, or the browser does not allow it.
      const text = element('copy-text', HTMLTextAreaElement);
      text.value = json;
      element('copy-dialog', HTMLDialogElement).showModal();
      text.select();
    }
  });
}
