/**
 * The page: puts its parts together.
 * @import {State} from './call/call.js'
 * @import {Size} from './call/protocol.js'
 * @import {Status} from './status.js'
 */
import { Call } from './call/call.js';
import { settingsIn } from './page/address.js';
import { CallError } from './call/call-error.js';
import { ControlPanel } from './control/panel.js';
import { DemoPanel } from './demo/panel.js';
import { element } from './dom.js';
import { EdgePanel } from './edge/panel.js';
import { bugReport } from './figures/bug-report.js';
import { offerCopy } from './figures/copy.js';
import { EventLog } from './figures/event-log.js';
import { FiguresPanel } from './figures/panel.js';
import { showHeadline } from './figures/headline.js';
import { CallMonitor } from './figures/monitor.js';
import { LastReport } from './page/last-report.js';
import { StartStop } from './page/start-stop.js';
import { restorePanels, fetchVersion, knownVersion, offerHelp } from './page/foot.js';
import { Notice } from './page/notice.js';
import { UplinkPanel } from './uplink/panel.js';
import { Preview } from './sources/preview.js';
import { SourcePanel } from './sources/panel.js';
import { AudioPanel } from './sources/audio-panel.js';
import { Stage } from './stage/stage.js';
import { describe, explain, explainPause, sentence, valuesOf, wantsSample } from './states.js';
import { countDown, showStatus } from './status.js';
import { chooseLanguage, currentLanguage, fillTexts, showText } from './texts.js';
import { offerLanguages } from './translation.js';
import { keepScreenOn } from './page/wake-lock.js';

/** @type {Call | null} */
let call = null;
/** @type {State} */
let state = 'idle';
/** What is shown while the call waits for another attempt. @type {Status | null} */
let paused = null;
/** @type {MediaStreamTrack | null} */
let track = null;
const log = new EventLog();
const address = settingsIn(location.search);

const stage = new Stage();
const notice = new Notice(() => {
  if (call) updateStatus();
});
const figures = new FiguresPanel();
const monitor = new CallMonitor(stage, (second) => {
  figures.show(second);
  showHeadline(second);
  demo.show(second);
  edge.show(second, { connection: call?.connection ?? null, size: capturedSize(), strength: control.settings.strength });
  if (state === 'live') updateStatus(); // the last report may be out of date by now
});
const source = new SourcePanel(address, changeSource);
const audio = new AudioPanel((on, deviceId) => call && call.setMicrophone(on, deviceId).catch((error) => {
  const failure = CallError.from(error);
  log.add(failure.code, failure.detail);
  notice.show(`error.${failure.code}.next`, valuesOf(failure));
  throw failure;
}));
const preview = new Preview(stage, () => source.settings, {
  onTrack: (captured) => {
    if (source.settings.kind === 'camera') source.refreshCameras(captured.getSettings().deviceId);
  },
  onChange: (failure) => {
    if (failure) showCallStatus({ ...explain(failure), action: actionFor(failure) });
    else if (!call) updateStatus();
  },
});
const uplink = new UplinkPanel(source.settings, (settings) => {
  demo.uplinkChanged();
  call?.setUplink(settings);
  call?.divideReturned(division());
});
const control = new ControlPanel({
  onChange: (settings) => {
    if (!settings.enhance) edge.close();
    call?.applySettings(sessionSettings());
    if (!settings.memory_mask) stage.markMemory(null);
    updateStatus();
  },
  onForget: () => call?.forget(),
});
const edge = new EdgePanel(stage, () => {
  call?.applySettings(sessionSettings());
  call?.divideReturned(division());
  updateStatus();
});
const demo = new DemoPanel(stage, uplink, () => {
  edge.close();
  control.restore();
  if (call) return;
  if (!source.isReady) source.chooseSample();
  start();
});
const report = new LastReport(() => control.show(null));
const buttons = new StartStop(start, stop);

function start() {
  if (call) return;
  preview.close();
  const started = new Call(stage, { uplink: uplink.settings, settings: sessionSettings(), codec: source.codec }, {
    onState: (next) => {
      log.add(next);
      state = next;
      demo.live = next === 'live';
      keepScreenOn(true);
      if (next === 'waiting') fetchVersion(); // with the token, where the server requires one
      updateStatus();
    },
    onVideo: (captured) => {
      track = captured;
      adaptUplink();
      source.refreshCameras(source.settings.kind === 'camera' ? captured.getSettings().deviceId : undefined);
    },
    onSoftenFailed: (error) => {
      log.add('soften-failed', CallError.from(error).detail);
      uplink.refuseSoftness();
      notice.show('uplink.softness.failed');
    },
    onMicrophone: (captured) => { audio.track = captured; },
    onMicrophoneLost: () => {
      log.add('microphone-lost');
      audio.switchOff(new CallError('microphone-lost'));
      notice.show('error.microphone-lost.next');
    },
    onStats: (stats) => {
      report.note(stats);
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
    onToken: async (wrong) => (await import('./call/token-dialog.js')).askToken(wrong),
    onEnd: (failure) => {
      endMonitoring();
      call = null;
      paused = null;
      state = 'idle';
      demo.live = false;
      keepScreenOn(false);
      demo.end();
      notice.clear();
      track = null;
      report.forget();
      figures.showUnknown();
      showHeadline(null);
      showButtons();
      log.add(failure?.code ?? 'stopped', failure?.detail);
      if (failure) showCallStatus({ ...explain(failure), action: actionFor(failure) });
      else updateStatus();
    },
  });
  call = started;
  call.divideReturned(division());
  figures.clear();
  const endMonitoring = monitor.follow(started, () => report.fresh);
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
  preview.refresh();
  if (!call) return;
  try {
    await call.setSource(source.settings);
  } catch (error) {
    if (!call || state === 'opening') return; // the call ends with this error
    const failure = CallError.from(error);
    log.add(failure.code, failure.detail);
    showText(element('source-message', HTMLElement), `error.${failure.code}.what`, valuesOf(failure));
    notice.show(`error.${failure.code}.what`, valuesOf(failure));
  }
}

/** The bad line follows the size of the video: what the source gives, before a call what is asked for. */
function adaptUplink() {
  const { framerate } = source.settings;
  uplink.adapt({ size: capturedSize(), framerate: track?.getSettings().frameRate || framerate });
}

/** @returns {Size} of the video before it is reduced */
function capturedSize() {
  const { size: [width, height] } = source.settings;
  const { width: across = width, height: down = height } = track?.getSettings() ?? {};
  return [across, down];
}

/** What the server shall do: while frames are enhanced on this device, it forwards them, at their sent size. */
function sessionSettings() {
  const { settings } = control;
  return { ...settings, enhance: settings.enhance && !edge.active };
}

function division() {
  return edge.active ? uplink.settings.scale : 1;
}

/** @param {CallError} failure @param {number} seconds @param {AbortSignal} signal */
async function pause(failure, seconds, signal) {
  log.add(`${failure.code}, again in ${seconds} s`, failure.detail);
  report.forget();
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
  const about = { stats: report.fresh, enhance, hidden: document.hidden, kind, edge: edge.active };
  const status = describe(preview.isOpen ? 'preview' : state, about);
  showCallStatus(paused ?? notice.below(status));
}

/** @param {Status} status */
function showCallStatus(status) {
  const live = state === 'live' && !paused;
  document.title = call ? (live ? '● Acutance' : '○ Acutance') : 'Acutance';
  showStatus(status);
}

function showButtons() {
  preview.inCall = call !== null;
  buttons.show(call !== null);
}

document.addEventListener('visibilitychange', () => {
  if (!call) return;
  log.add(document.hidden ? 'hidden' : 'visible');
  if (state === 'live') updateStatus();
});
// Ends the session on the server when the page is left.
addEventListener('pagehide', stop);
offerCopy(() => bugReport({
  version: knownVersion(),
  source: source.settings,
  track: track?.getSettings() ?? null,
  uplink: uplink.settings,
  settings: { ...control.settings, output_height: null },
  server: report.stats,
  seconds: monitor.seconds,
  events: log.events,
}));
fetchVersion();
offerLanguages(element('language', HTMLSelectElement), currentLanguage(), async (wanted) => {
  await chooseLanguage(wanted);
  uplink.refresh();
  control.refresh();
});
restorePanels();
offerHelp();
updateStatus();
fillTexts();
if (address.view) stage.view = /** @type {import('./stage/stage.js').View} */ (address.view);
if (address.line) uplink.choose(/** @type {import('./uplink/presets.js').Preset} */ (address.line));
if (address.demo) demo.run();
