/** Requests that must arrive: they are repeated until the server has answered. */
import { Refused } from './api.js';
import { element } from '../dom.js';
import { texts } from './texts.js';

const RETRY_MS = 2_000;
const TOO_MANY = 429;

/**
 * Repeats a request while the connection or the server fails; says so meanwhile.
 * @template T
 * @param {() => Promise<T>} send
 * @returns {Promise<T>}
 */
export async function delivered(send) {
  const message = element('message', HTMLElement);
  for (;;) {
    try {
      const answer = await send();
      texts.show(message, null);
      return answer;
    } catch (error) {
      const refused = error instanceof Refused && error.status < 500 && error.status !== TOO_MANY;
      if (refused) throw error;
      texts.show(message, 'failed.send');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
