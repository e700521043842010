/** The texts of the study, in the user's language. */
import { Translation } from '../translation.js';

/** @typedef {keyof typeof import('./texts/en.js').default} TextKey */

/** @type {Translation<TextKey>} */
export const texts = await Translation.open((language) => import(`./texts/${language}.js`));
