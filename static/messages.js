/**
 * Everything that the page says while it runs, in one place. index.html holds only what never changes.
 * @import {Size} from './protocol.js'
 * @import {Trouble} from './trouble.js'
 */

/** What is going on, and what to do. @typedef {{what: string, next: string}} Words */

/** @typedef {'idle' | 'camera' | 'connecting' | 'waiting' | 'live' | 'interrupted'} State */

/** @type {Record<State, Words>} */
export const STATES = {
  idle: {
    what: 'Ready.',
    next: 'Press Start and allow the camera. The picture goes to this server only and is not stored.',
  },
  camera: { what: 'Opening the camera…', next: 'If the browser asks, allow this page to use it.' },
  connecting: { what: 'Connecting to the server…', next: 'This takes a second or two.' },
  waiting: { what: 'Connected. Waiting for the first enhanced frame…', next: 'This takes a second or two.' },
  live: { what: 'Live.', next: 'Compare fine detail: eyes, hair, lettering. Press Stop to end.' },
  interrupted: {
    what: 'The connection is interrupted.',
    next: 'It may come back by itself. If it does not, press Stop, then Start.',
  },
};

/** @param {string | null} reason @returns {Words} */
export const livePassedThrough = (reason) => ({
  what: 'Live, but the picture is not being enhanced.',
  next: reason ? `The server says: ${sentence(reason)}` : 'The server sends it back as it came.',
});

/**
 * @param {Trouble} trouble
 * @returns {Words}
 */
export function explain(trouble) {
  const { code, detail, retryAfter } = trouble;
  switch (code) {
    case 'insecure':
      return {
        what: 'The camera works on secure pages only.',
        next: 'Open this page by https://, or on the server’s own machine by http://localhost.',
      };
    case 'no-webrtc':
      return {
        what: 'WebRTC is missing or switched off here.',
        next: 'Use a current Chrome, Firefox or Safari, or allow WebRTC in the settings.',
      };
    case 'denied':
      return {
        what: 'The browser was not allowed to use the camera.',
        next: 'Allow it in the address bar or the system’s settings, then press Start.',
      };
    case 'no-camera':
      return { what: 'No camera was found.', next: 'Connect one, then press Start.' };
    case 'camera-busy':
      return {
        what: 'The camera does not start: it is probably in use.',
        next: 'Close the other program or tab, or choose another camera, then press Start.',
      };
    case 'camera-failed':
      return { what: `The camera could not be opened${because(detail)}`, next: 'Choose another camera, then press Start.' };
    case 'camera-lost':
      return {
        what: 'The camera stopped: unplugged or disallowed.',
        next: 'Connect it again or choose another camera, then press Start.',
      };
    case 'server-unreachable':
      return {
        what: 'The server cannot be reached.',
        next: 'See whether it is running and whether this machine is online, then press Start.',
      };
    case 'full':
      return {
        what: 'The server is full: all its places are taken.',
        next: retryAfter === null
          ? 'Wait a little, then press Start.'
          : `Press Start again in ${retryAfter} second${retryAfter === 1 ? '' : 's'}.`,
      };
    case 'refused':
      return {
        what: `The server refused the call${because(detail)}`,
        next: 'Press Start to try again. If it stays so, tell whoever runs the server.',
      };
    case 'connect-timeout':
      return {
        what: 'No connection came about within 15 seconds.',
        next: 'A firewall may block UDP. Try another network, then press Start.',
      };
    case 'connection-lost':
      return {
        what: 'The connection to the server was lost.',
        next: 'See whether the server is running and whether this machine is online, then press Start.',
      };
    case 'server-closed':
      return { what: `The server ended the call${because(detail)}`, next: 'Press Start to connect again.' };
    case 'no-picture':
      return {
        what: 'No picture came back within 10 seconds.',
        next: 'The connection stands. Press Start to try again, perhaps at a smaller resolution.',
      };
    case 'unexpected':
      return { what: `Something unexpected went wrong${because(detail)}`, next: 'Press Start to try again.' };
  }
}

export const UNKNOWN = '–';

/** @param {number} index from 1 */
export const unnamedCamera = (index) => `Camera ${index}`;

export const DEFAULT_CAMERA = 'Default camera';

/** @param {Size} size */
export const sizeText = ([width, height]) => `${width} × ${height}`;

const oneDecimal = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {number | null} value */
export const decimalText = (value) => (value === null ? UNKNOWN : oneDecimal.format(value));

/** @param {number | null} bits a second */
export const bitrateText = (bits) => {
  if (bits === null) return UNKNOWN;
  return bits < 1e6 ? `${Math.round(bits / 1e3)} kbit/s` : `${(bits / 1e6).toFixed(2)} Mbit/s`;
};

/** @param {Size | null} from @param {Size | null} to */
export const sizesText = (from, to) =>
  from === null && to === null ? UNKNOWN : [from, to].map((size) => (size ? sizeText(size) : UNKNOWN)).join(' → ');

/** @param {string | null} codec @param {string | null} encoder */
export const encoderText = (codec, encoder) => [codec, encoder].filter(Boolean).join(', ') || UNKNOWN;

/** @param {string | null} note */
export const providerNoteText = (note) => (note ? `Why nothing faster: ${sentence(note)}` : '');

/** @param {string | null} reason */
export const rungReasonText = (reason) => (reason ? `Why no better student: ${sentence(reason)}` : '');

/** @param {string | null} reason */
export const passedReasonText = (reason) => (reason ? `Passed through unenhanced: ${sentence(reason)}` : '');

/** @param {string | null} detail */
const because = (detail) => (detail ? `: ${sentence(detail)}` : '.');

/** @param {string} words */
const sentence = (words) => (/[.!?…]$/.test(words) ? words : `${words}.`);
