/** ICE restart over HTTP (RFC 9725, section 4.3.3): the parts of session descriptions that it exchanges. */

/** Lines that a restart replaces. */
const ICE = /^a=(ice-ufrag|ice-pwd|candidate|end-of-candidates)\b/;

/**
 * @param {string} sdp local description after a restart; all media are bundled
 * @returns {string} SDP fragment with its ICE credentials and candidates (RFC 8840)
 */
export function iceFragment(sdp) {
  const lines = sdp.split(/\r?\n/);
  const first = lines.findIndex((line) => line.startsWith('m='));
  const next = lines.findIndex((line, i) => i > first && line.startsWith('m='));
  const section = lines.slice(first, next < 0 ? undefined : next);
  const kept = section.filter((line) => line.startsWith('m=') || line.startsWith('a=mid:') || ICE.test(line));
  return kept.map((line) => `${line}\r\n`).join('');
}

/**
 * @param {string} sdp the answer of the server before the restart
 * @param {string} fragment of the server
 * @returns {string} the answer with the credentials and candidates of the fragment
 */
export function withFragment(sdp, fragment) {
  const given = fragment.split(/\r?\n/).filter((line) => ICE.test(line));
  const credentials = given.filter((line) => line.startsWith('a=ice-'));
  const candidates = given.filter((line) => !line.startsWith('a=ice-'));
  let sections = 0;
  const lines = sdp.split(/\r?\n/).filter((line) => line !== '' && !ICE.test(line)).flatMap((line) => {
    if (!line.startsWith('a=mid:')) return [line];
    sections += 1;
    return [line, ...credentials, ...(sections === 1 ? candidates : [])];
  });
  return lines.map((line) => `${line}\r\n`).join('');
}
