/**
 * The last events of the page, for a bug report.
 * @import {Event} from './bug-report.js'
 */

const MAX_EVENTS = 50;

export class EventLog {
  /** @type {Event[]} */
  events = [];

  /** @param {string} what @param {string | null} [detail] */
  add(what, detail = null) {
    this.events.push({ at: performance.now(), what, detail });
    if (this.events.length > MAX_EVENTS) this.events.shift();
  }
}
