/**
 * The one place that says what is going on; a live region, so that it is also heard.
 * @import {State, Words} from './messages.js'
 */
import { element, write } from './dom.js';

/** @typedef {'idle' | 'busy' | 'live' | 'trouble'} Kind */

/** How a state looks. @type {Record<State, Kind>} */
export const KINDS = {
  idle: 'idle',
  camera: 'busy',
  connecting: 'busy',
  waiting: 'busy',
  live: 'live',
  interrupted: 'trouble',
};

/** @param {Kind} kind @param {Words} words */
export function showStatus(kind, { what, next }) {
  element('status', HTMLElement).dataset.kind = kind;
  write(element('status-what', HTMLElement), what);
  write(element('status-next', HTMLElement), next);
}
