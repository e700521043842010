/**
 * One second of a call from three sources: the browser's statistics, the measurements at the display, and the server's
 * report.
 * @import {ServerStats} from '../call/protocol.js'
 * @import {Figures} from '../stage/meters.js'
 * @import {Flows} from './flows.js'
 */
import { TELLS_PRESENTED } from '../pairs/video-frames.js';

/** @typedef {{at: number, flows: Flows | null, stage: Figures, server: ServerStats | null}} Second */

/** @typedef {(second: Second) => number | null} Read */

/** Every figure that is plotted or shown, by its name. */
const FIGURES = /** @type {const} @satisfies {Record<string, Read>} */ ({
  captured: ({ flows, stage }) => flows?.captured ?? stage.originalFps,
  sent: ({ flows }) => flows?.sent ?? null,
  returned: ({ flows }) => flows?.returned ?? null,
  // Without requestVideoFrameCallback: decoded frames, the best approximation of presented ones.
  displayed: ({ stage, flows }) => (TELLS_PRESENTED ? stage.displayedFps : flows?.decoded ?? null),
  roundtrip: ({ stage }) => stage.roundTripMs.p50,
  'roundtrip-late': ({ stage }) => stage.roundTripMs.p95,
  'in-server': ({ server }) => server?.stages.total.p50 ?? null,
  'bits-up': ({ flows }) => flows?.sentBitrate ?? null,
  'bits-down': ({ flows }) => flows?.returnedBitrate ?? null,
  'sharpness-before': ({ stage }) => stage.sharpnessOriginal,
  'sharpness-after': ({ stage }) => stage.sharpnessEnhanced,
  'psnr-before': ({ stage }) => stage.fidelity?.before ?? null,
  'psnr-after': ({ stage }) => stage.fidelity?.after ?? null,
  'vif-before': ({ stage }) => stage.fidelity?.vifBefore ?? null,
  'vif-after': ({ stage }) => stage.fidelity?.vifAfter ?? null,
  'loss-up': ({ flows }) => flows?.sentLoss ?? null,
  'loss-down': ({ flows }) => flows?.returnedLoss ?? null,
  'dropped-sender': ({ flows }) => flows && flows.captured !== null && flows.sent !== null
    ? Math.max(flows.captured - flows.sent, 0) : null,
  'dropped-undecoded': ({ server }) => server?.drops.undecoded ?? null,
  'dropped-waiting': ({ server }) => server?.drops.waiting ?? null,
  'dropped-enhanced': ({ server }) => server?.drops.enhanced ?? null,
  'dropped-encoding': ({ server }) => server?.drops.encoding ?? null,
  'dropped-here': ({ flows }) => flows?.droppedHere ?? null,
  'stage-send': ({ flows }) => flows?.encodeMs ?? null,
  'stage-network': ({ flows }) => flows?.networkMs ?? null,
  'stage-decode': ({ server }) => server?.stages.decode.p50 ?? null,
  'stage-wait': ({ server }) => server?.stages.wait.p50 ?? null,
  'stage-enhance': ({ server }) => server?.stages.enhance.p50 ?? null,
  'stage-encode_wait': ({ server }) => server?.stages.encode_wait.p50 ?? null,
  'stage-encode': ({ server }) => server?.stages.encode.p50 ?? null,
  'stage-buffer': ({ flows }) => flows?.bufferMs ?? null,
  'stage-show': ({ flows }) => flows?.decodeMs ?? null,
});

/** @typedef {keyof typeof FIGURES} FigureName */

/** @param {Second} second @returns {Record<FigureName, number | null>} */
export function figuresOf(second) {
  return /** @type {Record<FigureName, number | null>} */ (
    Object.fromEntries(Object.entries(FIGURES).map(([name, read]) => [name, read(second)])));
}
