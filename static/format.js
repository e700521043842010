/** Figures as text, in the language of the reader. */
import { currentLanguage } from './texts.js';

export const UNKNOWN = '–';

/** @param {number | null} value @param {number} [digits] behind the point */
export function decimal(value, digits = 1) {
  if (value === null) return UNKNOWN;
  const format = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
  return new Intl.NumberFormat(currentLanguage(), format).format(value);
}

/** @param {number | null} bits per second */
export function bitrate(bits) {
  if (bits === null) return UNKNOWN;
  return bits < 1e6 ? `${Math.round(bits / 1e3)} kbit/s` : `${decimal(bits / 1e6, 2)} Mbit/s`;
}

/** @param {number | null} ms */
export function milliseconds(ms) {
  return ms === null ? UNKNOWN : `${decimal(ms, ms < 10 ? 1 : 0)} ms`;
}

/** @param {number} seconds */
export function duration(seconds) {
  return seconds < 60 ? `${decimal(seconds, 0)} s` : `${decimal(seconds / 60, 0)} min`;
}

/** @param {number | null} share 0 to 1 @param {number} [digits] behind the point */
export function percent(share, digits = 1) {
  return share === null ? UNKNOWN : `${decimal(share * 100, digits)} %`;
}

/** @param {{before: number, after: number}} fidelity in dB */
export function decibels({ before, after }) {
  return `${decimal(before)} → ${decimal(after)} dB`;
}

/** @param {readonly number[] | null} size width and height */
export function sizeText(size) {
  return size ? size.join(' × ') : UNKNOWN;
}
