/** Dialog that asks for the server's token; any page may have it. */
import { element } from '../dom.js';
import { fillTexts, showText } from '../texts.js';
import { keepToken } from './access.js';

const DIALOG = `
  <form method="dialog">
    <h2 id="token-title" data-text="token.title"></h2>
    <p id="token-why"></p>
    <div class="field">
      <label for="token" data-text="token.label"></label>
      <input id="token" type="password" autocomplete="off" spellcheck="false" aria-describedby="token-why">
    </div>
    <p class="note" data-text="token.kept"></p>
    <div class="buttons">
      <button value="entered" class="primary" data-text="token.send"></button>
      <button value="" formnovalidate data-text="token.cancel"></button>
    </div>
  </form>`;

/**
 * @param {boolean} wrong whether the server rejected the last token
 * @returns {Promise<boolean>} whether a token was entered
 */
export function askToken(wrong) {
  const dialog = document.createElement('dialog');
  dialog.id = 'token-dialog';
  dialog.setAttribute('aria-labelledby', 'token-title');
  dialog.innerHTML = DIALOG;
  document.body.append(dialog);
  showText(element('token-why', HTMLElement), wrong ? 'token.wrong' : 'token.missing');
  fillTexts();
  const input = element('token', HTMLInputElement);
  input.ariaInvalid = String(wrong);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      const entered = dialog.returnValue === 'entered' && input.value.trim() !== '';
      if (entered) keepToken(input.value.trim());
      dialog.remove(); // with the token in it
      resolve(entered);
    });
  });
}
