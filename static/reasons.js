/**
 * Kinds of reasons why the server does not enhance frames. The server gives them as sentences for people:
 * server/students/governor.py, server/video/choices.py and coded_path.py; a test compares them with these.
 */

/**
 * The frames are too good for a student to add anything; the memory has nothing to add yet; the server has not enough
 * time for a student; another reason.
 * @typedef {'good' | 'nothing' | 'busy' | 'other'} ReasonKind
 */

/** @type {readonly [ReasonKind, RegExp][]} */
const KINDS = [
  ['good', /^the frames are so good/],
  ['nothing', /^nothing sharper is remembered/],
  ['busy', /\bms\b|\bwere late\b|\btoo slow\b|\bhas to be tried\b/],
];

/** @param {string} reason @returns {ReasonKind} */
export function kindOfReason(reason) {
  return KINDS.find(([, pattern]) => pattern.test(reason))?.[0] ?? 'other';
}
