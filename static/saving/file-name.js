/**
 * A file name with the local time, and nothing else about the call.
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
 * Downloads a file, and keeps it available behind a link until the next one.
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
