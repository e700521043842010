/**
 * The page: puts its parts together.
 * @import {State} from './call/call.js'
 * @import {ServerStats} from './call/protocol.js'
 * @import {Event} from './figures/bug-report.js'
 * @import {Status} from './status.js'
 */
import { Call } from './call/call.js';
import { serverVersion } from './call/signalling.js';
import { askToken } from './call/token-dialog.js';
import { CallError } from './call/call-error.js';
import { ControlPanel } from './control/panel.js';
import { DemoPanel } from './demo/panel.js';
import { element } from './dom.js';
import { bugReport } from './figures/bug-report.js';
import { offerCopy } from './figures/copy.js';
import { FiguresPanel } from './figures/panel.js';
import { showHeadline } from './figures/headline.js';
import { CallMonitor } from './figures/monitor.js';
import { Notice } from './notice.js';
import { UplinkPanel } from './uplink/panel.js';
import { SourcePanel } from './sources/panel.js';
import { AudioPanel } from './sources/audio-panel.js';
import { Stage } from './stage/stage.js';
import { describe, explain, explainPause, sentence, valuesOf, wantsSample } from './states.js';
import { countDown, showStatus } from './status.js';
import { chooseLanguage, currentLanguage, fillTexts, showText } from './texts.js';
import { offerLanguages } from './translation.js';

/** The server reports once a second: a report that is three seconds old is out of date. */
const STALE_MS = 3_000;

const PHONE = '(max-width: 48rem)';

/** Events that a bug report contains. */
const MAX_EVENTS = 50;

/** @type {Call | null} */
let call = null;
/** @type {{stats: ServerStats, at: number} | null} */
let report = null;
/** @type {State} */
let state = 'idle';
/** What is shown while the call waits for another attempt. @type {Status | null} */
let paused = null;
/** @type {MediaStreamTrack | null} */
let track = null;
/** Version of the server; null until it is known. @type {string | null} */
let version = null;
/** @type {Event[]} */
const events = [];

const stage = new Stage();
const notice = new Notice(() => {
  if (call) updateStatus();
});
const figures = new FiguresPanel();
const monitor = new CallMonitor(stage, (second) => {
  figures.show(second);
  showHeadline(second);
  demo.show(second);
  if (state === 'live') updateStatus(); // the last report may be out of date by now
});
const source = new SourcePanel(changeSource);
const audio = new AudioPanel(async (on) => {
  try {
    await call?.setMicrophone(on);
  } catch (error) {
    const failure = CallError.from(error);
    logEvent(failure.code, failure.detail);
    notice.show(`error.${failure.code}.next`, valuesOf(failure));
    throw failure;
  }
});
const uplink = new UplinkPanel(source.settings, (settings) => {
  demo.uplinkChanged();
  call?.setUplink(settings);
});
const control = new ControlPanel({
  onChange: (settings) => {
    call?.applySettings(settings);
    if (!settings.memory_mask) stage.markMemory(null);
    updateStatus();
  },
  onForget: () => call?.forget(),
});
const demo = new DemoPanel(stage, uplink, () => {
  control.restore();
  if (call) return;
  if (source.settings.kind !== 'camera' || !source.hasCamera) source.chooseSample();
  start();
});
const buttons = { start: element('start', HTMLButtonElement), stop: element('stop', HTMLButtonElement) };

function start() {
  if (call) return;
  const started = new Call(stage, { uplink: uplink.settings, settings: control.settings }, {
    onState: (next) => {
      logEvent(next);
      state = next;
      demo.live = next === 'live';
      if (next === 'waiting') fetchVersion(); // with the token, where the server requires one
      updateStatus();
    },
    onVideo: (captured) => {
      track = captured;
      adaptUplink();
      source.refreshCameras(source.settings.kind === 'camera' ? captured.getSettings().deviceId : undefined);
    },
    onSoftenFailed: (error) => {
      logEvent('soften-failed', CallError.from(error).detail);
      uplink.refuseSoftness();
      notice.show('uplink.softness.failed');
    },
    onMicrophoneLost: () => {
      logEvent('microphone-lost');
      audio.switchOff(new CallError('microphone-lost'));
      notice.show('error.microphone-lost.next');
    },
    onStats: (stats) => {
      report = { stats, at: performance.now() };
      control.show(stats);
      updateStatus();
    },
    onResponse: (response) => {
      control.showResponse(response);
      if (response.type !== 'refused') return;
      notice.show('control.refused', { reason: sentence(response.message ?? '') });
    },
    onMemoryMask: (mask) => {
      if (control.settings.memory_mask) stage.markMemory(mask);
    },
    onReturned: (stream) => audio.play(stream),
    onPause: pause,
    onToken: askToken,
    onEnd: (failure) => {
      endMonitoring();
      call = null;
      paused = null;
      state = 'idle';
      demo.live = false;
      demo.end();
      notice.clear();
      track = null;
      forgetReport();
      figures.showUnknown();
      showHeadline(null);
      showButtons();
      logEvent(failure?.code ?? 'stopped', failure?.detail);
      if (failure) showCallStatus({ ...explain(failure), action: actionFor(failure) });
      else updateStatus();
    },
  });
  call = started;
  figures.clear();
  const endMonitoring = monitor.follow(started, freshReport);
  showButtons();
  started.start(source.settings);
  audio.applyMicrophone();
}

function stop() {
  call?.stop();
}

async function changeSource() {
  showText(element('source-message', HTMLElement), null);
  adaptUplink();
  if (!call) return;
  try {
    await call.setSource(source.settings);
  } catch (error) {
    if (!call || state === 'opening') return; // the call ends with this error
    const failure = CallError.from(error);
    logEvent(failure.code, failure.detail);
    showText(element('source-message', HTMLElement), `error.${failure.code}.what`, valuesOf(failure));
    notice.show(`error.${failure.code}.what`, valuesOf(failure));
  }
}

/** The bad line follows the size of the video: what the source gives, before a call what is asked for. */
function adaptUplink() {
  const { size: [width, height], framerate } = source.settings;
  const { width: across = width, height: down = height, frameRate = framerate } = track?.getSettings() ?? {};
  uplink.adapt({ size: [across, down], framerate: frameRate || framerate });
}

/** @param {CallError} failure @param {number} seconds @param {AbortSignal} signal */
async function pause(failure, seconds, signal) {
  logEvent(`${failure.code}, again in ${seconds} s`, failure.detail);
  forgetReport();
  const { over, skip } = countDown(seconds, signal);
  paused = { ...explainPause(failure), action: { label: 'state.now', act: skip } };
  updateStatus();
  addEventListener('online', skip);
  await over;
  removeEventListener('online', skip);
  paused = null;
}

/** @param {CallError} failure @returns {import('./status.js').Action | null} */
function actionFor(failure) {
  if (failure.code === 'no-file' || failure.code === 'file-failed') {
    return { label: 'source.file.choose', act: () => source.chooseFile() };
  }
  if (!wantsSample(failure)) return null;
  const act = () => {
    source.chooseSample();
    start();
  };
  return { label: 'state.sample', act };
}

/** Shows the state of the call as it is now. */
function updateStatus() {
  const { enhance } = control.settings;
  const { kind } = source.settings;
  const status = describe(state, { stats: freshReport(), enhance, hidden: document.hidden, kind });
  showCallStatus(paused ?? notice.below(status));
}

/** @param {Status} status */
function showCallStatus(status) {
  const live = state === 'live' && !paused;
  document.title = call ? (live ? '● Acutance' : '○ Acutance') : 'Acutance';
  showStatus(status);
}

function showButtons() {
  const { start: startButton, stop: stopButton } = buttons;
  const [on, off] = call ? [stopButton, startButton] : [startButton, stopButton];
  const focused = document.activeElement === off;
  on.disabled = false;
  off.disabled = true;
  // A disabled button loses the keyboard focus: move it to the other one.
  if (focused) on.focus();
}

/** @returns {ServerStats | null} */
function freshReport() {
  if (report && performance.now() - report.at > STALE_MS) forgetReport();
  return report?.stats ?? null;
}

function forgetReport() {
  report = null;
  control.show(null);
}

/** @param {string} what @param {string | null} [detail] */
function logEvent(what, detail = null) {
  events.push({ at: performance.now(), what, detail });
  if (events.length > MAX_EVENTS) events.shift();
}

/** On a phone the panels begin closed: their headings fit on one screen. */
function closePanels() {
  if (!matchMedia(PHONE).matches) return;
  for (const panel of document.querySelectorAll('details')) panel.open = false;
}

async function fetchVersion() {
  version ??= await serverVersion();
}

buttons.start.addEventListener('click', start);
buttons.stop.addEventListener('click', stop);
element('controls', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
document.addEventListener('visibilitychange', () => {
  if (!call) return;
  logEvent(document.hidden ? 'hidden' : 'visible');
  if (state === 'live') updateStatus();
});
// Ends the session on the server when the page is left.
addEventListener('pagehide', stop);
offerCopy(() => bugReport({
  version,
  source: source.settings,
  track: track?.getSettings() ?? null,
  uplink: uplink.settings,
  settings: { ...control.settings, output_height: null },
  server: report?.stats ?? null,
  seconds: monitor.seconds,
  events,
}));
fetchVersion();
offerLanguages(element('language', HTMLSelectElement), currentLanguage(), (wanted) => {
  chooseLanguage(wanted);
  uplink.refresh();
  control.refresh();
});
closePanels();
updateStatus();
fillTexts();
