/**
 * The scale: votes by number keys and Enter, by arrow keys and Tab, or by mouse.
 * @import {Study} from '../api.js'
 * @import {TextKey} from '../texts.js'
 */
import { element } from '../../dom.js';
import { texts } from '../texts.js';

export class Ballot {
  #form = element('ballot', HTMLFormElement);
  #fieldset = element('scale', HTMLFieldSetElement);
  #button = element('vote', HTMLButtonElement);
  #hint = element('hint', HTMLElement);
  /** @type {HTMLInputElement[]} */
  #inputs = [];
  #changes = 0;

  /** @param {Study} study */
  constructor(study) {
    const [low, high] = study.scale;
    this.votes = Array.from({ length: high - low + 1 }, (_, index) => low + index);
    this.method = study.method;
    texts.show(element('question', HTMLElement), `trial.question.${study.method}`);
    element('options', HTMLElement).replaceChildren(...this.votes.map((vote, index) => this.#option(vote, index + 1)));
    addEventListener('keydown', (event) => this.#onKey(event));
    this.#form.addEventListener('submit', (event) => event.preventDefault());
  }

  /** @param {number} vote @returns {TextKey} */
  textOf(vote) {
    return /** @type {TextKey} */ (`${this.method}.${vote}`);
  }

  /** Forgets the last vote and waits until `open`. */
  close() {
    this.#changes = 0;
    for (const input of this.#inputs) input.checked = false;
    this.#fieldset.disabled = true;
    this.#button.disabled = true;
    texts.show(this.#hint, 'trial.watch');
  }

  /** Lets the rater choose. */
  open() {
    if (!this.#fieldset.disabled) return;
    this.#fieldset.disabled = false;
    texts.show(this.#hint, 'trial.choose', { first: 1, last: this.votes.length });
  }

  /** Waits for the confirmed vote. @returns {Promise<{vote: number, changes: number}>} */
  async confirmed() {
    return new Promise((resolve) => {
      const submit = () => {
        const chosen = this.#inputs.findIndex(({ checked }) => checked);
        const vote = this.votes[chosen];
        if (this.#fieldset.disabled || vote === undefined) return;
        this.#form.removeEventListener('submit', submit);
        resolve({ vote, changes: this.#changes });
        this.close(); // its keys are for other steps now
      };
      this.#form.addEventListener('submit', submit);
    });
  }

  /** @param {number} vote @param {number} key */
  #option(vote, key) {
    const label = document.createElement('label');
    label.className = 'option';
    const input = document.createElement('input');
    input.type = 'radio';
    input.name = 'option';
    input.value = String(vote);
    input.addEventListener('change', () => this.#chosen());
    this.#inputs.push(input);
    const number = document.createElement('span');
    number.className = 'key';
    number.textContent = String(key);
    const words = document.createElement('span');
    texts.show(words, this.textOf(vote));
    label.append(input, number, words);
    return label;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const input = this.#inputs[Number(event.key) - 1];
    if (this.#fieldset.disabled || event.repeat || event.target instanceof HTMLSelectElement) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Enter' && !(event.target instanceof HTMLInputElement || event.target === this.#button)) {
      event.preventDefault();
      this.#form.requestSubmit();
    } else if (input && !input.checked) {
      event.preventDefault();
      input.checked = true;
      input.focus();
      this.#chosen();
    }
  }

  #chosen() {
    this.#changes += 1;
    this.#button.disabled = false;
  }
}
