/**
 * The page of an opinion study: one step after the other, from where the rater left off.
 * @import {Rater, Study} from './api.js'
 */
import { Refused, enrol, fetchRater, fetchStudy, sendFacts } from './api.js';
import { recall, remember } from '../choices.js';
import { element } from '../dom.js';
import { fits } from './pixels.js';
import { delivered } from './sending.js';
import { checkScreen } from './steps/screen.js';
import { show } from './steps/show.js';
import { runTrials } from './steps/trials.js';
import { checkVision } from './steps/vision.js';
import { showConsent, welcome } from './steps/welcome.js';
import { texts } from './texts.js';
import { offerLanguages } from '../translation.js';

const FULL = 409;

async function run() {
  const study = await fetchStudy();
  element('title', HTMLElement).textContent = study.title;
  document.title = study.title;
  offerLanguages(element('language', HTMLSelectElement), texts.language, async (wanted) => {
    await texts.choose(wanted);
    showConsent(study);
  });
  texts.fill();
  const rater = await resumed(study) ?? await enrolled(study);
  if (!rater.screen || !fits(study)) {
    const facts = await checkScreen(study);
    await delivered(() => sendFacts(rater.id, 'screen', facts));
  }
  if (!rater.vision) {
    const facts = await checkVision();
    await delivered(() => sendFacts(rater.id, 'vision', facts));
  }
  await runTrials(study, rater);
  show('done');
  element('done-title', HTMLElement).focus();
}

/** @param {Study} study @returns {Promise<Rater | null>} the rater of an earlier visit with this browser */
async function resumed(study) {
  const id = recall(`study.${study.digest}`);
  return id === null ? null : fetchRater(id);
}

/** @param {Study} study @returns {Promise<Rater>} */
async function enrolled(study) {
  await welcome(study);
  const rater = await delivered(() => enrol(texts.language));
  remember(`study.${study.digest}`, rater.id);
  return rater;
}

run().catch((error) => {
  console.error(error);
  texts.fill();
  const full = error instanceof Refused && error.status === FULL;
  const played = error instanceof MediaError || error instanceof DOMException;
  texts.show(element('message', HTMLElement), full ? 'failed.full' : played ? 'failed.clip' : 'failed.load');
});
