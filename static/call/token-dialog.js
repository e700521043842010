/** Dialog that asks for the server's token. */
import { element } from '../dom.js';
import { showText } from '../texts.js';
import { keepToken } from './access.js';

/**
 * @param {boolean} wrong whether the server rejected the last token
 * @returns {Promise<boolean>} whether a token was entered
 */
export function askToken(wrong) {
  const dialog = element('token-dialog', HTMLDialogElement);
  const input = element('token', HTMLInputElement);
  showText(element('token-why', HTMLElement), wrong ? 'token.wrong' : 'token.missing');
  input.value = '';
  input.ariaInvalid = String(wrong);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const entered = dialog.returnValue === 'entered' && input.value.trim() !== '';
      if (entered) keepToken(input.value.trim());
      input.value = '';
      resolve(entered);
    }, { once: true });
  });
}
