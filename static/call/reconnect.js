/**
 * When a call that did not come about, or was lost, is tried again. Pure: time and chance are given.
 * @import {Trouble, TroubleCode} from './trouble.js'
 */

/** A server that says nothing about when is asked again after as long. */
const FULL_S = 5;
const FIRST_S = 1;
const LONGEST_S = 30;

/** About four minutes: a server that restarts is back by then. */
const MOST_TRIES = 10;

/** What goes away by itself, as far as one can tell. @type {readonly TroubleCode[]} */
const PASSING = ['server-unreachable', 'connection-lost', 'server-closed'];

/**
 * @param {Trouble} trouble that ended the last try
 * @param {number} tries that failed in a row, this one among them
 * @param {() => number} random from 0 up to 1
 * @returns {number | null} seconds to wait; null where trying again is for the user to decide
 */
export function pauseBefore(trouble, tries, random = Math.random) {
  if (trouble.code === 'full') return Math.max(trouble.retryAfter ?? FULL_S, 1);
  if (!PASSING.includes(trouble.code) || tries > MOST_TRIES) return null;
  // Pages that lost the same server do not all come back in the same moment.
  const longest = Math.min(FIRST_S * 2 ** tries, LONGEST_S);
  return Math.round(longest * (0.75 + 0.25 * random()));
}
