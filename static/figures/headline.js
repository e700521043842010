/**
 * The most important figures, in one line below the videos.
 * @import {Second} from './second.js'
 */
import { element, writeTo } from '../dom.js';
import { UNKNOWN, bitrate, decibels, decimal, duration, milliseconds, percent } from '../format.js';
import { text } from '../texts.js';
import { figuresOf } from './second.js';

/** @param {Second | null} second null: nothing is known */
export function showHeadline(second) {
  const { sent = null, returned = null, roundtrip = null, 'bits-up': bits = null } = second ? figuresOf(second) : {};
  const { share = 0, age = null } = second?.server?.memory ?? {};
  const pixels = second?.flows?.sentSize?.reduce((product, side) => product * side, 1) ?? 0;
  const perPixel = bits !== null && sent && pixels ? bits / (sent * pixels) : null;
  const parts = [bitrate(bits), perPixel === null ? '' : text('headline.bits', { bits: decimal(perPixel, 3) })];
  writeTo('headline-sent', parts.filter(Boolean).join(', '));
  writeTo('headline-returned', returned === null ? UNKNOWN : text('headline.rate', { rate: decimal(returned, 0) }));
  writeTo('headline-delay', milliseconds(roundtrip));
  const fidelity = second?.stage.fidelity ?? null;
  element('headline-fidelity', HTMLElement).hidden = fidelity === null;
  if (fidelity) writeTo('headline-psnr', decibels(fidelity));
  writeTo('headline-memory', age === null ? UNKNOWN : `${percent(share, 0)} (${duration(age)})`);
}
