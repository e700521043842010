/**
 * The page: puts its parts together.
 * @import {ServerStats} from './protocol.js'
 */
import { Call } from './call.js';
import { Controls } from './controls.js';
import { STATES, explain, livePassedThrough } from './messages.js';
import { showNumbers } from './numbers.js';
import { Pane } from './pane.js';
import { KINDS, showStatus } from './status.js';

/** The server reports once a second: three silent seconds mean that its numbers are no longer true. */
const STALE_MS = 3_000;

const panes = { original: new Pane('original'), enhanced: new Pane('enhanced') };
const controls = new Controls({ onStart: start, onStop: stop });

/** @type {Call | null} */
let call = null;
/** @type {{stats: ServerStats, at: number} | null} */
let report = null;
/** @type {import('./messages.js').State} */
let state = 'idle';

function start() {
  if (call) return;
  call = new Call(panes, {
    onState: (next) => {
      state = next;
      tell();
    },
    onCamera: (track) => controls.refreshCameras(track.getSettings().deviceId),
    onStats: (stats) => {
      report = { stats, at: performance.now() };
      showNumbers(stats);
      tell();
    },
    onTick: () => {
      if (report && performance.now() - report.at > STALE_MS) forgetReport();
    },
    onEnd: (trouble) => {
      call = null;
      state = 'idle';
      forgetReport();
      controls.show(false);
      if (trouble) showStatus('trouble', explain(trouble));
      else tell();
    },
  });
  controls.show(true);
  call.start(controls.wishes);
}

function stop() {
  call?.stop();
}

function forgetReport() {
  report = null;
  showNumbers(null);
}

/** Says the state; live is said only of frames that were really enhanced. */
function tell() {
  const rate = report?.stats.rate;
  const untouched = state === 'live' && rate && rate.enhanced === 0 && rate.passed !== null && rate.passed > 0;
  if (untouched) showStatus('trouble', livePassedThrough(report?.stats.passed_reason ?? null));
  else showStatus(KINDS[state], STATES[state]);
}

// A page that is left frees its place on the server at once.
addEventListener('pagehide', stop);
tell();
