/**
 * A group of buttons of which one is pressed; their values are in `data-value`.
 * @template {string} T
 * @param {HTMLElement} group
 * @param {(value: T) => void} onChoice
 * @returns {(value: T) => void} shows the button of a value as pressed
 */
export function buttonChoice(group, onChoice) {
  const buttons = [...group.querySelectorAll('button')];
  /** @param {T} value */
  const show = (value) => {
    for (const button of buttons) button.ariaPressed = String(button.dataset.value === value);
  };
  for (const button of buttons) {
    button.addEventListener('click', () => {
      const value = /** @type {T} */ (button.dataset.value);
      show(value);
      onChoice(value);
    });
  }
  return show;
}
