/**
 * What the server reports, written into the page.
 * @import {ServerStats} from './protocol.js'
 */
import { element, write } from './dom.js';
import {
  UNKNOWN, bitrateText, decimalText, encoderText, passedReasonText, providerNoteText, rungReasonText, sizesText,
} from './messages.js';
import { RATES, STAGES } from './telemetry.js';

/** @param {ServerStats | null} stats null when nothing is known, or no more */
export function showNumbers(stats) {
  for (const name of RATES) put(`server-${name}`, decimalText(stats?.rate[name] ?? null));
  for (const name of STAGES) {
    put(`stage-${name}-p50`, decimalText(stats?.stages[name].p50 ?? null));
    put(`stage-${name}-p95`, decimalText(stats?.stages[name].p95 ?? null));
  }
  put('server-student', stats?.student ?? UNKNOWN);
  put('server-provider', stats?.provider ?? UNKNOWN);
  put('server-encoder', encoderText(stats?.codec ?? null, stats?.encoder ?? null));
  put('server-bitrate', bitrateText(stats?.bitrate ?? null));
  put('server-size', sizesText(stats?.size_in ?? null, stats?.size_out ?? null));
  put('server-provider-note', providerNoteText(stats?.provider_note ?? null));
  put('server-rung-reason', rungReasonText(stats?.rung_reason ?? null));
  put('server-passed-reason', passedReasonText(stats?.passed_reason ?? null));
}

/** @param {string} id @param {string} text */
function put(id, text) {
  write(element(id, HTMLElement), text);
}
