/**
 * Texts for the states and errors of a call, as pure functions.
 * @import {State} from './call/call.js'
 * @import {PassCode, ServerStats} from './call/protocol.js'
 * @import {CallError, ErrorCode} from './call/call-error.js'
 * @import {SourceKind} from './sources/source.js'
 * @import {Kind, Status} from './status.js'
 * @import {Values} from './translation.js'
 */
/** Appearance of each state. @type {Record<State | 'preview', Kind>} */
const KINDS = {
  preview: 'idle',
  idle: 'idle',
  opening: 'busy',
  connecting: 'busy',
  waiting: 'busy',
  live: 'live',
  interrupted: 'error',
};

/** Errors after which the sample clip is offered. @type {readonly ErrorCode[]} */
const WANT_SAMPLE = [
  'insecure', 'denied', 'no-camera', 'camera-busy', 'camera-failed', 'camera-lost', 'screen-denied', 'screen-missing',
];

/** @param {CallError} failure */
export function wantsSample({ code }) {
  return WANT_SAMPLE.includes(code);
}

/** Texts for the reasons of the server. @type {Partial<Record<PassCode, 'good' | 'bits' | 'nothing' | 'busy'>>} */
const NAMES = { good: 'good', bits: 'bits', nothing: 'nothing', busy: 'busy' };

/** Minimum share of enhanced frames of a live call: a few frames are passed through in any call. */
const ENHANCED_ENOUGH = 0.9;

/** Minimum share of the pixels that come from the memory of the call, to speak of it. */
const REMEMBERED_ENOUGH = 0.05;

/**
 * @param {State | 'preview'} state 'preview' shows the source before a call
 * @param {{stats: ServerStats | null, enhance: boolean, hidden: boolean, kind: SourceKind, edge: boolean}} about `stats` is
 *   the server's last report; null if there is none or it is out of date; `edge` whether this device enhances
 * @returns {Status} "repairing" only if the server reports that it enhances the frames
 */
export function describe(state, { stats, enhance, hidden, kind, edge }) {
  if (state === 'opening' && kind !== 'camera') {
    return { kind: 'busy', what: `state.opening.${kind}.what`, next: `state.opening.${kind}.next` };
  }
  if (state !== 'live') return { kind: KINDS[state], what: `state.${state}.what`, next: `state.${state}.next` };
  if (hidden) return { kind: 'live', what: 'state.hidden.what', next: 'state.hidden.next' };
  if (!enhance) return { kind: 'live', what: 'state.off.what', next: 'state.off.next' };
  if (edge) return { kind: 'live', what: 'state.edge.what', next: 'state.edge.next' };
  return describeEnhancement(stats);
}

/** @param {ServerStats | null} stats @returns {Status} */
function describeEnhancement(stats) {
  const { enhanced = null, passed = null, forwarded = null } = stats?.rate ?? {};
  if (enhanced === null || passed === null) {
    return { kind: 'busy', what: 'state.unreported.what', next: 'state.unreported.next' };
  }
  const frames = enhanced + passed + (forwarded ?? 0);
  if (frames === 0) return { kind: 'busy', what: 'state.no-frames.what', next: 'state.no-frames.next' };
  if (enhanced >= ENHANCED_ENOUGH * frames) {
    const remembered = (stats?.memory?.share ?? 0) >= REMEMBERED_ENOUGH;
    const name = remembered ? 'memory' : 'live';
    return { kind: 'live', what: `state.${name}.what`, next: `state.${name}.next` };
  }
  const reason = sentence(stats?.passed_reason ?? '');
  const untouched = forwarded !== null && forwarded > frames / 2;
  if (untouched || enhanced === 0) {
    const kind = untouched ? 'live' : 'error';
    const name = NAMES[stats?.passed_code ?? 'failed'] ?? (untouched ? 'forwarded' : 'passed');
    return { kind, what: `state.${name}.what`, next: `state.${name}.next`, values: { reason } };
  }
  const share = Math.max(1, Math.round((100 * enhanced) / frames));
  const kindOf = enhanced < passed ? 'error' : 'live';
  return { kind: kindOf, what: 'state.partly.what', next: 'state.partly.next', values: { reason, share } };
}

/**
 * @param {CallError} failure that ended the call
 * @returns {Status}
 */
export function explain(failure) {
  const values = valuesOf(failure);
  return { kind: 'error', what: `error.${failure.code}.what`, next: `error.${failure.code}.next`, values };
}

/**
 * @param {CallError} failure after which the call is tried again automatically
 * @returns {Status}
 */
export function explainPause(failure) {
  const next = failure.code === 'full' ? 'state.waiting-slot.next' : 'state.reconnecting.next';
  return { kind: 'error', what: `error.${failure.code}.what`, next, values: valuesOf(failure) };
}

/** @param {CallError} failure @returns {Values} */
export function valuesOf({ detail }) {
  const { host, port } = location;
  return { because: detail ? `: ${sentence(detail)}` : '.', host, port: port ? `:${port}` : '' };
}

/** @param {string} words */
export function sentence(words) {
  return words === '' || /[.!?…]$/.test(words) ? words : `${words}.`;
}
