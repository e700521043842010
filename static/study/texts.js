/** The texts of the study, in the user's language. */
import de from './texts/de.js';
import en from './texts/en.js';
import { Translation } from '../translation.js';

/** @typedef {keyof typeof en} TextKey */

/** @type {Translation<TextKey>} */
export const texts = new Translation({ en, de });
