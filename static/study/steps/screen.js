/**
 * The check of the screen: whether the clips fit, one pixel on one pixel.
 * @import {Study} from '../api.js'
 */
import { element } from '../../dom.js';
import { available, fits, needed } from '../pixels.js';
import { texts } from '../texts.js';
import { pressed, show } from './show.js';

/** Waits until the window is large enough, and returns what is known of the screen. @param {Study} study */
export async function checkScreen(study) {
  const next = element('screen-next', HTMLButtonElement);
  const full = element('screen-full', HTMLButtonElement);
  const update = () => {
    texts.show(element('screen-needed', HTMLElement), 'screen.size', needed(study));
    texts.show(element('screen-window', HTMLElement), 'screen.size', available());
    element('screen-ratio', HTMLElement).textContent = devicePixelRatio.toFixed(2);
    texts.show(element('screen-verdict', HTMLElement), fits(study) ? 'screen.fits' : 'screen.small');
    next.disabled = !fits(study);
  };
  const enlarge = () => document.documentElement.requestFullscreen();
  full.disabled = !document.fullscreenEnabled;
  full.addEventListener('click', enlarge);
  addEventListener('resize', update);
  show('screen');
  update();
  if (next.disabled) full.focus();
  await pressed('screen-next');
  removeEventListener('resize', update);
  full.removeEventListener('click', enlarge);
  return {
    width: screen.width,
    height: screen.height,
    window_width: innerWidth,
    window_height: innerHeight,
    pixel_ratio: devicePixelRatio,
    colour_depth: screen.colorDepth,
    fits: fits(study),
  };
}
