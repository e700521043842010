/**
 * The check of screen brightness, acuity and colour vision.
 * @import {Question, Test} from '../vision/questions.js'
 * @import {TextKey} from '../texts.js'
 */
import { element } from '../../dom.js';
import { texts } from '../texts.js';
import { drawQuestion } from '../vision/pictures.js';
import { PASSES, questions } from '../vision/questions.js';
import { show } from './show.js';

/** @type {Record<string, TextKey>} */
const ARROW_TEXTS = { ArrowUp: 'vision.up', ArrowRight: 'vision.right', ArrowDown: 'vision.down', ArrowLeft: 'vision.left' };
/** @type {Record<string, string>} */
const SIGNS = { ArrowUp: '↑', ArrowRight: '→', ArrowDown: '↓', ArrowLeft: '←' };

/** Asks all questions; returns the number of right answers and questions of each test, and whether it is passed. */
export async function checkVision() {
  const all = questions(Math.random);
  /** @type {Record<Test, number>} */
  const right = { brightness: 0, acuity: 0, colour: 0 };
  /** @type {Record<Test, number>} */
  const asked = { brightness: 0, acuity: 0, colour: 0 };
  show('vision');
  for (const [index, question] of all.entries()) {
    const values = { number: index + 1, all: all.length };
    texts.show(element('vision-question', HTMLElement), `vision.${question.test}`, values);
    drawQuestion(element('vision-picture', HTMLCanvasElement), question);
    const answer = await answered(question);
    asked[question.test] += 1;
    if (answer === question.right) right[question.test] += 1;
  }
  const tests = /** @type {Test[]} */ (Object.keys(PASSES));
  const passed = Object.fromEntries(tests.map((test) => [test, right[test] >= PASSES[test]]));
  return { right, asked, passed };
}

/** Waits for one of the keys, or a click on its button. @param {Question} question @returns {Promise<string>} */
async function answered({ answers }) {
  const group = element('vision-answers', HTMLElement);
  return new Promise((resolve) => {
    const over = new AbortController();
    /** @param {string} answer */
    const choose = (answer) => {
      over.abort();
      resolve(answer);
    };
    group.replaceChildren(...answers.map((answer) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = SIGNS[answer] ?? answer;
      const label = ARROW_TEXTS[answer];
      if (label) {
        button.dataset.textLabel = label;
        button.ariaLabel = texts.text(label);
      }
      button.addEventListener('click', () => choose(answer), { signal: over.signal });
      return button;
    }));
    addEventListener('keydown', (event) => {
      if (!answers.includes(event.key) || event.target instanceof HTMLSelectElement || event.repeat) return;
      event.preventDefault();
      choose(event.key);
    }, { signal: over.signal });
  });
}
