/**
 * The page: puts its parts together.
 * @import {State} from './call/call.js'
 * @import {ServerStats} from './call/protocol.js'
 * @import {Event} from './figures/bug-report.js'
 * @import {Said} from './status.js'
 */
import { Call } from './call/call.js';
import { serverVersion } from './call/signalling.js';
import { askToken } from './call/token-dialog.js';
import { CallError } from './call/call-error.js';
import { ControlPanel } from './control/panel.js';
import { element } from './dom.js';
import { bugReport } from './figures/bug-report.js';
import { offerCopy } from './figures/copy.js';
import { FiguresPanel } from './figures/panel.js';
import { Watch } from './figures/watch.js';
import { UplinkPanel } from './uplink/panel.js';
import { SourcePanel } from './sources/panel.js';
import { SoundPanel } from './sources/sound-panel.js';
import { Stage } from './stage/stage.js';
import { describe, explain, explainPause, valuesOf, wantsSample } from './states.js';
import { countDown, showStatus } from './status.js';
import { LANGUAGES, chooseLanguage, currentLanguage, fillTexts, say } from './texts.js';

/** The server reports once a second: three silent seconds mean that its numbers are no longer true. */
const STALE_MS = 3_000;

/** A bug report says what happened lately. */
const MOST_EVENTS = 50;

/** @type {Call | null} */
let call = null;
/** @type {{stats: ServerStats, at: number} | null} */
let report = null;
/** @type {State} */
let state = 'idle';
/** @type {MediaStreamTrack | null} */
let track = null;
/** Of the server; null until it has told. @type {string | null} */
let version = null;
/** @type {Event[]} */
const events = [];

const stage = new Stage();
const figures = new FiguresPanel();
const watch = new Watch(stage, (second) => figures.show(second));
const source = new SourcePanel(changeSource);
const sound = new SoundPanel(async (on) => {
  try {
    await call?.setMicrophone(on);
  } catch (error) {
    const failure = CallError.from(error);
    note(failure.code, failure.detail);
    throw failure;
  }
});
const uplink = new UplinkPanel((settings) => call?.setUplink(settings));
const control = new ControlPanel((settings) => {
  call?.applySettings(settings);
  tell();
});
const buttons = { start: element('start', HTMLButtonElement), stop: element('stop', HTMLButtonElement) };

function start() {
  if (call) return;
  const mine = new Call(stage, { uplink: uplink.settings, settings: control.settings }, {
    onState: (next) => {
      note(next);
      state = next;
      if (next === 'waiting') learnVersion(); // a server that asks for a token has it by now
      tell();
    },
    onPicture: (captured) => {
      track = captured;
      source.refreshCameras(source.settings.kind === 'camera' ? captured.getSettings().deviceId : undefined);
    },
    onSoftenFailed: (error) => {
      note('soften-failed', CallError.from(error).detail);
      uplink.refuseSoftness();
    },
    onMicrophoneLost: () => sound.switchOff(new CallError('microphone-lost')),
    onStats: (stats) => {
      report = { stats, at: performance.now() };
      control.show(stats);
      tell();
    },
    onAnswer: (answer) => control.hear(answer),
    onReturned: (stream) => sound.play(stream),
    onPause: pause,
    onToken: askToken,
    onEnd: (failure) => {
      unwatch();
      call = null;
      state = 'idle';
      track = null;
      forgetReport();
      figures.rest();
      showButtons();
      note(failure?.code ?? 'stopped', failure?.detail);
      if (failure) show({ ...explain(failure), action: actionFor(failure) });
      else tell();
    },
  });
  call = mine;
  figures.clear();
  const unwatch = watch.follow(mine, freshReport);
  showButtons();
  mine.start(source.settings);
  sound.apply();
}

function stop() {
  call?.stop();
}

async function changeSource() {
  say(element('source-said', HTMLElement), null);
  if (!call) return;
  try {
    await call.show(source.settings);
  } catch (error) {
    if (!call || state === 'opening') return; // the call ends with it
    const failure = CallError.from(error);
    note(failure.code, failure.detail);
    say(element('source-said', HTMLElement), `error.${failure.code}.what`, valuesOf(failure));
  }
}

/** @param {CallError} failure @param {number} seconds @param {AbortSignal} signal */
async function pause(failure, seconds, signal) {
  note(`${failure.code}, again in ${seconds} s`, failure.detail);
  forgetReport();
  const { over, skip } = countDown(seconds, signal);
  show({ ...explainPause(failure), action: { label: 'state.now', act: skip } });
  addEventListener('online', skip);
  await over;
  removeEventListener('online', skip);
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

/** Says the state. */
function tell() {
  const { enhance } = control.settings;
  show(describe(state, { stats: freshReport(), enhance, hidden: document.hidden, kind: source.settings.kind }));
}

/** @param {Said} said */
function show(said) {
  document.title = call ? (state === 'live' ? '● Acutance' : '○ Acutance') : 'Acutance';
  showStatus(said);
}

function showButtons() {
  const { start: startButton, stop: stopButton } = buttons;
  const [on, off] = call ? [stopButton, startButton] : [startButton, stopButton];
  const focused = document.activeElement === off;
  on.disabled = false;
  off.disabled = true;
  // A button that is switched off loses the keyboard's focus: hand it on.
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
function note(what, detail = null) {
  events.push({ at: performance.now(), what, detail });
  if (events.length > MOST_EVENTS) events.shift();
}

async function learnVersion() {
  version ??= await serverVersion();
}

function offerLanguages() {
  const select = element('language', HTMLSelectElement);
  select.replaceChildren(...Object.entries(LANGUAGES).map(([tag, name]) => {
    const option = new Option(name, tag);
    option.lang = tag;
    return option;
  }));
  select.value = currentLanguage();
  select.addEventListener('change', () => {
    chooseLanguage(select.value);
    uplink.refresh();
    control.refresh();
  });
}

buttons.start.addEventListener('click', start);
buttons.stop.addEventListener('click', stop);
element('controls', HTMLFormElement).addEventListener('submit', (event) => event.preventDefault());
document.addEventListener('visibilitychange', () => {
  if (!call) return;
  note(document.hidden ? 'hidden' : 'visible');
  if (state === 'live') tell();
});
// A page that is left frees its place on the server at once.
addEventListener('pagehide', stop);
offerCopy(() => bugReport({
  version,
  source: source.settings,
  track: track?.getSettings() ?? null,
  uplink: uplink.settings,
  settings: { ...control.settings, output_height: null },
  server: report?.stats ?? null,
  seconds: watch.seconds,
  events,
}));
learnVersion();
offerLanguages();
tell();
fillTexts();
