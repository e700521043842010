/** Choices of the user, kept for the next visit. Where storage is disabled nothing is kept and nothing fails. */

/** @typedef {'source' | 'camera' | 'microphone' | 'resolution' | 'framerate' | 'codec' | 'mirror' | 'language' | 'view' | `panel.${string}` | `study.${string}`} Choice */

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
    // Private window or full disk: the page works without it.
  }
}
