/** What the user chose last time. Storage may be switched off: then nothing is remembered, and nothing fails. */

/** @typedef {'source' | 'camera' | 'resolution' | 'framerate' | 'language'} Choice */

const PREFIX = 'acutance.';

/** @param {Choice} choice @returns {string | null} */
export function recall(choice) {
  try {
    return localStorage.getItem(PREFIX + choice);
  } catch {
    return null;
  }
}

/** @param {Choice} choice @param {string} value */
export function remember(choice, value) {
  try {
    localStorage.setItem(PREFIX + choice, value);
  } catch {
    // Private windows and full disks: the page works without.
  }
}
