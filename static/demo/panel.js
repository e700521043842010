/**
 * The button and the captions of the demonstration.
 * @import {Second} from '../figures/second.js'
 * @import {Stage} from '../stage/stage.js'
 * @import {UplinkPanel} from '../uplink/panel.js'
 */
import { element, write } from '../dom.js';
import { bitrate, percent } from '../format.js';
import { showText, text } from '../texts.js';
import { Demonstration, wait } from './demonstration.js';

export class DemoPanel {
  #caption = element('demo-caption', HTMLElement);
  #what = element('demo-what', HTMLElement);
  #values = element('demo-values', HTMLElement);
  #demonstration;
  /** Whether the demonstration itself is changing the connection. */
  #changing = false;

  /**
   * @param {Stage} stage
   * @param {UplinkPanel} uplink
   * @param {() => void} start opens a call if there is none
   */
  constructor(stage, uplink, start) {
    this.#demonstration = new Demonstration({
      start,
      connect: (preset) => {
        this.#changing = true;
        uplink.choose(preset);
        this.#changing = false;
      },
      whole: () => stage.showWhole(),
      close: () => stage.showDetail(),
      caption: (phase) => {
        this.#caption.hidden = phase === null;
        showText(this.#what, phase && `demo.${phase}`);
        write(this.#values, '');
      },
      wait,
    });
    element('demo', HTMLButtonElement).addEventListener('click', () => this.run());
  }

  run() {
    this.#demonstration.run();
  }

  /** @param {boolean} live */
  set live(live) {
    this.#demonstration.live = live;
  }

  /** The user, or the demonstration itself, has changed the connection. */
  uplinkChanged() {
    if (!this.#changing) this.end();
  }

  end() {
    this.#demonstration.end();
  }

  /** @param {Second} second */
  show({ flows, server }) {
    if (!this.#demonstration.running || !flows) return;
    const { share = 0 } = server?.memory ?? {};
    const parts = [bitrate(flows.sentBitrate)];
    if (share > 0) parts.push(text('demo.memory', { share: percent(share, 0) }));
    write(this.#values, `${parts.join('; ')}.`);
  }
}
