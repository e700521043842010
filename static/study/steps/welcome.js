/**
 * The first steps: instructions and consent, and the notices between the rounds.
 * @import {Study} from '../api.js'
 */
import { element, writeTo } from '../../dom.js';
import { texts } from '../texts.js';
import { pressed, show } from './show.js';

/** Shows the instructions until the person agrees. @param {Study} study */
export async function welcome(study) {
  texts.show(element('welcome-task', HTMLElement), `welcome.task.${study.method}`);
  texts.show(element('welcome-vote', HTMLElement), `welcome.vote.${study.method}`);
  showConsent(study);
  show('welcome');
  await pressed('agree');
}

/** Shows the consent in the language of the page. @param {Study} study */
export function showConsent(study) {
  writeTo('consent', study.consent[texts.language] ?? study.consent.en);
}

/** @param {'training' | 'test' | 'pause'} which */
export async function notice(which) {
  texts.show(element('notice-title', HTMLElement), `notice.${which}.title`);
  texts.show(element('notice-text', HTMLElement), `notice.${which}.text`);
  show('notice');
  await pressed('notice-next');
}
