/**
 * A file's name from the moment it was made, on the clock of whoever made it: nothing else is known of a call.
 * @param {Date} date
 * @param {string} ending
 */
export function fileName(date, ending) {
  return `acutance-${stamp(date).replace(' ', '-').replaceAll(':', '')}.${ending}`;
}

/** @param {Date} date @returns {string} such as 2026-03-01 14:05:09, in local time */
export function stamp(date) {
  /** @param {number} value */
  const two = (value) => String(value).padStart(2, '0');
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

/**
 * Hands a file to the browser's downloads, and keeps it behind a link for as long as no other takes its place.
 * @param {HTMLAnchorElement} link
 * @param {Blob} file
 * @param {string} name
 */
export function offerFile(link, file, name) {
  if (link.href) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.hidden = false;
  link.click();
}
