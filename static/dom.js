/**
 * Returns an element of index.html; throws if it is missing or of another type.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`index.html has no ${type.name} with the id ${id}`);
  return found;
}

/**
 * Sets the text of an element if it differs, so that screen readers and layout notice changes only.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** @param {string} id of the element @param {string} text to show */
export function writeTo(id, text) {
  write(element(id, HTMLElement), text);
}
