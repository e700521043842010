/**
 * An element of index.html that must be there, as the type that it must have.
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
 * Writes a text where it changed: screen readers and the layout are left alone otherwise.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** @param {string} id of the element @param {string} text that it shows from now on */
export function writeTo(id, text) {
  write(element(id, HTMLElement), text);
}
