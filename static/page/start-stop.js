/** The buttons Start and Stop, of which one is enabled. */
import { element } from '../dom.js';

export class StartStop {
  #start = element('start', HTMLButtonElement);
  #stop = element('stop', HTMLButtonElement);

  /** @param {() => void} start @param {() => void} stop */
  constructor(start, stop) {
    this.#start.addEventListener('click', start);
    this.#stop.addEventListener('click', stop);
    element('controls', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
  }

  /** @param {boolean} running whether there is a call to stop */
  show(running) {
    const [on, off] = running ? [this.#stop, this.#start] : [this.#start, this.#stop];
    const focused = document.activeElement === off;
    on.disabled = false;
    off.disabled = true;
    // A disabled button loses the keyboard focus: move it to the other one.
    if (focused) on.focus();
  }
}
