/**
 * The sample clip: an animated scene that the page draws, for people without a camera.
 * @import {Source, SourceSettings} from './source.js'
 */
import { PaintedTrack, steadily } from './painted.js';
import { SampleScene } from './sample-scene.js';

/**
 * @param {SourceSettings} settings
 * @returns {Promise<Source>}
 */
export async function openSample({ size: [width, height], framerate }) {
  const scene = new SampleScene();
  const painted = new PaintedTrack(width, height);
  const end = steadily(framerate, (seconds) => painted.paint((context) => scene.draw(context, seconds)));
  const close = () => {
    end();
    painted.track.stop();
  };
  return { kind: 'sample', track: painted.track, close, lost: 'unexpected' };
}
