/**
 * Shows the original in the place of the enhanced frame while a button or a key is held: the same frame, so that only
 * the difference changes.
 */

const KEY = 'b';

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} panes take the key while they have the focus
 * @param {(flipped: boolean) => void} onFlip
 */
export function flipButton(button, panes, onFlip) {
  const flip = (/** @type {boolean} */ flipped) => {
    const pressed = String(flipped);
    if (button.ariaPressed === pressed) return;
    button.ariaPressed = pressed;
    onFlip(flipped);
  };
  button.ariaPressed = 'false';
  button.addEventListener('pointerdown', (event) => {
    button.setPointerCapture(event.pointerId);
    flip(true);
  });
  for (const end of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur']) {
    button.addEventListener(end, () => flip(false));
  }
  const isKey = (/** @type {KeyboardEvent} */ { key, target, ctrlKey, altKey, metaKey }) =>
    !ctrlKey && !altKey && !metaKey && (target === button ? [' ', 'Enter', KEY] : [KEY]).includes(key);
  for (const place of [button, panes]) {
    place.addEventListener('keydown', (event) => {
      if (!isKey(event)) return;
      event.preventDefault();
      flip(true);
    });
    place.addEventListener('keyup', (event) => {
      if (isKey(event)) flip(false);
    });
  }
  panes.addEventListener('blur', () => flip(false));
}
