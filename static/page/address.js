/**
 * Settings in the address of the page: `?source=sample&line=half&view=divider&demo`. They count more than those of the
 * last visit. Unknown ones are ignored.
 */

/** @type {Record<string, readonly string[]>} */
const KNOWN = {
  source: ['camera', 'screen', 'file', 'sample'],
  line: ['good', 'low', 'half'],
  view: ['side', 'divider', 'difference'],
  codec: ['auto', 'H264', 'VP8'],
};

/**
 * @param {string} search of the address
 * @returns {{source?: string, line?: string, view?: string, codec?: string, demo: boolean}}
 */
export function settingsIn(search) {
  const given = new URLSearchParams(search);
  const known = Object.entries(KNOWN).filter(([name, values]) => values.includes(given.get(name) ?? ''));
  return { demo: given.has('demo'), ...Object.fromEntries(known.map(([name]) => [name, given.get(name)])) };
}
