/**
 * The trials: each clip is played, then the rater votes.
 * @import {Rater, Study, Trial} from '../api.js'
 */
import { fetchClip, sendVote } from '../api.js';
import { element } from '../../dom.js';
import { Player } from '../player.js';
import { delivered } from '../sending.js';
import { texts } from '../texts.js';
import { Ballot } from './ballot.js';
import { show } from './show.js';
import { notice } from './welcome.js';

/** Seconds into a clip after which a trap question shows its text. */
const INSTRUCTED_AFTER_S = 0.5;

/** Shows all trials that have no vote yet. @param {Study} study @param {Rater} rater */
export async function runTrials(study, rater) {
  const canvases = study.method === 'ccr' ? ['left', 'right'] : ['left'];
  element('right', HTMLCanvasElement).hidden = study.method !== 'ccr';
  show('trial'); // canvases can only be aligned while they are shown
  const player = new Player(canvases.map((id) => element(id, HTMLCanvasElement)), study);
  const ballot = new Ballot(study);
  const trainings = rater.trials.filter(({ training }) => training).length;
  const clips = rater.trials.map(({ clip }) => clip);
  let next = clips[rater.votes] ? fetchClip(/** @type {string} */ (clips[rater.votes])) : null;
  for (let position = rater.votes; position < rater.trials.length; position += 1) {
    const trial = /** @type {Trial} */ (rater.trials[position]);
    const clip = await /** @type {Promise<Blob>} */ (next);
    const following = clips[position + 1];
    next = following === undefined ? null : fetchClip(following);
    next?.catch(() => {}); // reported where it is awaited
    showProgress(position, trainings, rater.trials.length);
    const tested = position - trainings;
    if (position === 0 && trial.training) await notice('training');
    else if (tested === 0) await notice('test');
    else if (tested > 0 && tested % study.pauseEvery === 0) await notice('pause');
    show('trial');
    const { vote, timing } = await runTrial(trial, clip, player, ballot);
    await delivered(() => sendVote(rater.id, position, vote, timing));
  }
  element('progress-box', HTMLElement).hidden = true;
}

/** @param {Trial} trial @param {Blob} clip @param {Player} player @param {Ballot} ballot */
async function runTrial(trial, clip, player, ballot) {
  const began = performance.now();
  const instruction = element('instruction', HTMLElement);
  instruction.hidden = true;
  ballot.close();
  let [shown, plays, skipped] = [0, 0, 0];
  const played = player.play(trial, clip, (playing) => {
    ({ plays, skipped } = playing);
    if (trial.instructed !== null && (plays > 0 || playing.at >= INSTRUCTED_AFTER_S)) {
      texts.show(instruction, 'trial.instructed', { answer: texts.text(ballot.textOf(trial.instructed)) });
      instruction.hidden = false;
    }
    if (plays > 0 && shown === 0) {
      shown = performance.now() - began;
      ballot.open();
    }
  });
  // After the last play the screen stays grey; only a clip that cannot be played ends the trial without a vote.
  const { vote, changes } = await Promise.race([ballot.confirmed(), failureOf(played)]);
  const timing = {
    shown_ms: Math.round(shown),
    vote_ms: Math.round(performance.now() - began),
    plays,
    skipped_frames: skipped,
    changes,
  };
  instruction.hidden = true;
  player.stop();
  return { vote, timing };
}

/** @param {Promise<void>} work @returns {Promise<never>} */
function failureOf(work) {
  return new Promise((_, reject) => work.catch(reject));
}

/** @param {number} position @param {number} trainings @param {number} all */
function showProgress(position, trainings, all) {
  const training = position < trainings;
  const [done, of] = training ? [position, trainings] : [position - trainings, all - trainings];
  const bar = element('progress', HTMLProgressElement);
  [bar.value, bar.max] = [done, of];
  const key = training ? 'progress.training' : 'progress.test';
  texts.show(element('progress-text', HTMLElement), key, { done: done + 1, all: of });
  element('progress-box', HTMLElement).hidden = false;
}
