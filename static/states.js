/**
 * Which words go with what happens: pure, so that it can be read, and tested, at a glance.
 * @import {State} from './call/call.js'
 * @import {ServerStats} from './call/protocol.js'
 * @import {Trouble, TroubleCode} from './call/trouble.js'
 * @import {SourceKind} from './sources/source.js'
 * @import {Kind, Said} from './status.js'
 * @import {Values} from './texts.js'
 */

/** How a state looks. @type {Record<State, Kind>} */
const KINDS = {
  idle: 'idle',
  opening: 'busy',
  connecting: 'busy',
  waiting: 'busy',
  live: 'live',
  interrupted: 'trouble',
};

/** Where there is no picture, the page's own helps. @type {readonly TroubleCode[]} */
const WANT_SAMPLE = [
  'insecure', 'denied', 'no-camera', 'camera-busy', 'camera-failed', 'camera-lost', 'screen-denied', 'screen-missing',
];

/** @param {Trouble} trouble */
export function wantsSample({ code }) {
  return WANT_SAMPLE.includes(code);
}

/**
 * @param {State} state
 * @param {{stats: ServerStats | null, enhance: boolean, hidden: boolean, kind: SourceKind}} about
 * @returns {Said} live is said only of frames that are really enhanced
 */
export function describe(state, { stats, enhance, hidden, kind }) {
  if (state === 'live' && hidden) return { kind: 'live', what: 'state.hidden.what', next: 'state.hidden.next' };
  if (state === 'live' && !enhance) return { kind: 'live', what: 'state.off.what', next: 'state.off.next' };
  const rate = stats?.rate;
  if (state === 'live' && rate && rate.enhanced === 0 && rate.passed !== null && rate.passed > 0) {
    const values = { reason: sentence(stats?.passed_reason ?? '') };
    return { kind: 'trouble', what: 'state.passed.what', next: 'state.passed.next', values };
  }
  if (state === 'opening' && kind !== 'camera') {
    return { kind: 'busy', what: `state.opening.${kind}.what`, next: `state.opening.${kind}.next` };
  }
  return { kind: KINDS[state], what: `state.${state}.what`, next: `state.${state}.next` };
}

/**
 * @param {Trouble} trouble that ended the call
 * @returns {Said}
 */
export function explain(trouble) {
  const values = valuesOf(trouble);
  return { kind: 'trouble', what: `trouble.${trouble.code}.what`, next: `trouble.${trouble.code}.next`, values };
}

/**
 * @param {Trouble} trouble after which it is tried again without being asked
 * @returns {Said}
 */
export function explainPause(trouble) {
  const next = trouble.code === 'full' ? 'state.waiting-place.next' : 'state.reconnecting.next';
  return { kind: 'trouble', what: `trouble.${trouble.code}.what`, next, values: valuesOf(trouble) };
}

/** @param {Trouble} trouble @returns {Values} */
export function valuesOf({ detail }) {
  const { host, port } = location;
  return { because: detail ? `: ${sentence(detail)}` : '.', host, port: port ? `:${port}` : '' };
}

/** @param {string} words */
export function sentence(words) {
  return words === '' || /[.!?…]$/.test(words) ? words : `${words}.`;
}
