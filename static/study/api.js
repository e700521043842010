/** Requests to the server of the study. */

/**
 * @typedef {object} Study
 * @property {string} title
 * @property {string} digest changes with the clips
 * @property {'ccr' | 'acr'} method two clips compared, or one rated
 * @property {[number, number]} scale lowest and highest vote
 * @property {{en: string, de: string | null}} consent
 * @property {number} width of a clip, in pixels
 * @property {number} height of a clip, in pixels
 * @property {number} gap rows between the two clips of a file
 * @property {number} plays how often a clip is played
 * @property {number} pauseEvery trials between two pauses
 */
/**
 * @typedef {object} Trial
 * @property {string} clip name of its file
 * @property {number} rate frames per second
 * @property {boolean} swapped whether the lower clip of the file is on the left
 * @property {boolean} training
 * @property {number | null} instructed the vote that a text over the clip asks for
 */
/**
 * @typedef {object} Rater
 * @property {string} id
 * @property {number} votes votes given
 * @property {boolean} screen whether the screen was checked
 * @property {boolean} vision whether the eyesight was checked
 * @property {Trial[]} trials
 */

/** A refused request. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @returns {Promise<Study>} */
export async function fetchStudy() {
  return (await request('GET', 'study')).json();
}

/** @param {string} language @returns {Promise<Rater>} */
export async function enrol(language) {
  return (await request('POST', 'raters', { consent: true, language })).json();
}

/** @param {string} id @returns {Promise<Rater | null>} null if the server does not know it */
export async function fetchRater(id) {
  try {
    return await (await request('GET', `raters/${id}`)).json();
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

/** @param {string} id @param {'screen' | 'vision'} step @param {object} facts */
export async function sendFacts(id, step, facts) {
  await request('PUT', `raters/${id}/${step}`, facts);
}

/** @param {string} id @param {number} position @param {number} vote @param {object} timing */
export async function sendVote(id, position, vote, timing) {
  await request('POST', `raters/${id}/votes`, { position, vote, timing });
}

/** @param {string} name @returns {Promise<Blob>} */
export async function fetchClip(name) {
  return (await request('GET', `clips/${name}`)).blob();
}

/** @param {string} method @param {string} path @param {object} [body] */
async function request(method, path, body) {
  const headers = body ? { 'Content-Type': 'application/json' } : undefined;
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Refused(response.status, `${method} ${path}: ${response.status}`);
  return response;
}
