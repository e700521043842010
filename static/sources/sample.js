/**
 * The sample clip: an animated scene that the page draws, for people without a camera. Each frame has a number, by which
 * `moments` has the time at which it was drawn.
 * @import {Source, SourceSettings} from './source.js'
 */
import { PaintedTrack, steadily } from './painted.js';
import { SampleScene } from './sample-scene.js';
import { CODES, drawCode } from './time-code.js';

/** Seconds for `SampleScene.draw` by the number of a frame; empty without a sample clip. @type {Map<number, number>} */
export const moments = new Map();

/**
 * @param {SourceSettings} settings
 * @returns {Promise<Source>}
 */
export async function openSample({ size: [width, height], framerate }) {
  const scene = new SampleScene();
  const painted = new PaintedTrack(width, height);
  let frame = 0;
  const end = steadily(framerate, (seconds) => {
    frame = (frame + 1) % CODES;
    moments.set(frame, seconds);
    painted.paint((context) => {
      scene.draw(context, seconds);
      drawCode(context, frame);
    });
  });
  const close = () => {
    end();
    moments.clear();
    painted.track.stop();
  };
  return { kind: 'sample', track: painted.track, close, lost: 'unexpected' };
}
