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
 * Disables or enables a button. One with the keyboard's focus, which a disabled button would lose, is only marked as
 * disabled until the focus leaves it; its handler must do nothing meanwhile.
 * @param {HTMLButtonElement} button
 * @param {boolean} disabled
 */
export function disable(button, disabled) {
  const focused = disabled && document.activeElement === button;
  button.ariaDisabled = focused ? 'true' : null;
  button.disabled = disabled && !focused;
  if (focused) button.addEventListener('blur', () => disable(button, button.ariaDisabled === 'true'), { once: true });
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
