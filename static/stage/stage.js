/**
 * The stage: original and enhanced video, the ways to view them, still images and recordings, and the measurements at
 * the display.
 *
 * For each session call `prepare`, then `attach` after the video transceiver is created and before the offer,
 * `showOriginal` and `showEnhanced` with their streams, `applyStats` with each report of the server, and `hold` at its
 * end, which keeps the last pair visible. `clear` ends the call.
 * @import {Match, Pair} from '../pairs/pairing.js'
 * @import {MemoryMask, ServerStats} from '../call/protocol.js'
 * @import {TextKey} from '../texts.js'
 */
import { recall, remember } from '../choices.js';
import { element } from '../dom.js';
import { Half, paint, sizeOf } from '../pairs/painter.js';
import { Pairing } from '../pairs/pairing.js';
import { canShowSent, startWorker, tapSender } from '../pairs/sent-frames.js';
import { RecordPanel } from '../saving/record-panel.js';
import { StillPanel } from '../saving/still-panel.js';
import { showText } from '../texts.js';
import { buttonChoice } from './choice.js';
import { Divider } from './divider.js';
import { MemoryOverlay } from './memory-overlay.js';
import { densest } from './densest.js';
import { flipButton } from './flip.js';
import { Meters } from './meters.js';
import { CLOSE, Panning } from './panning.js';
import { readLuma } from './pixels.js';
import { MIRRORED, mirrorSwitch } from './mirror.js';
import { fullScreenButton, pictureInPictureButton } from './screen.js';

const DIFFERENCE_SCALE = 8;

/** Share of the frame's sides that a close look is about. */
const DETAIL = 0.25;

/** Screens without room for two videos beside each other: the divider is the first view. */
const NARROW = '(max-width: 48rem)';

/** Caption of the original. @type {Record<Match, TextKey>} */
const WHAT = { exact: 'stage.original.sent', near: 'stage.original.sent', camera: 'stage.original.camera' };

/** @typedef {'side' | 'divider' | 'difference'} View */

/** @type {readonly View[]} */
const VIEWS = ['side', 'divider', 'difference'];

/** @typedef {'original' | 'enhanced'} Name */

/** @type {readonly Name[]} */
const HALVES = ['original', 'enhanced'];

export class Stage {
  #section = element('stage', HTMLElement);
  #what = element('original-what', HTMLElement);
  #videos = {
    original: element('original-video', HTMLVideoElement),
    enhanced: element('enhanced-video', HTMLVideoElement),
  };
  #halves = {
    original: new Half(element('original-canvas', HTMLCanvasElement)),
    enhanced: new Half(element('enhanced-canvas', HTMLCanvasElement)),
  };
  #overlay = new MemoryOverlay(element('memory-canvas', HTMLCanvasElement));
  #pairing = new Pairing(this.#videos, (pair) => (this.treat ? this.treat(pair) : this.show(pair)));
  #meters = new Meters(this.#halves);
  #still = new StillPanel(this.#halves);
  #recording = new RecordPanel(() => sizeOf(this.#videos.enhanced));
  #panning;
  #divider;
  /** @type {(view: View) => void} */
  #showView;
  /** Whether the original is shown in place of the enhanced frame; both stay as they are. */
  #flipped = false;
  /** Ends what belongs to one session. @type {AbortController | null} */
  #session = null;
  /** Shows what the next session sends. @type {Worker | null} */
  #worker = null;
  /** Takes the pairs and shows them later; null to show them as they are returned. @type {((pair: Pair) => void) | null} */
  treat = null;

  constructor() {
    const panes = element('stage-panes', HTMLElement);
    const boxes = [...panes.querySelectorAll('.pane')].map((pane) => /** @type {HTMLElement} */ (pane));
    const showZoom = buttonChoice(element('stage-zoom', HTMLElement), (value) => {
      this.#panning.zoom = value === 'fit' ? value : /** @type {1 | 2 | 4} */ (Number(value));
    });
    this.#panning = new Panning(panes, boxes, (zoom) => showZoom(String(zoom)));
    this.#divider = new Divider(element('stage-divider', HTMLElement), panes);
    this.#showView = buttonChoice(element('stage-view', HTMLElement), (value) => {
      remember('view', value);
      this.view = /** @type {View} */ (value);
    });
    const known = VIEWS.find((view) => view === recall('view'));
    this.view = known ?? (matchMedia(NARROW).matches ? 'divider' : 'side');
    fullScreenButton(element('stage-fullscreen', HTMLButtonElement), element('call', HTMLElement), this.#videos.enhanced);
    pictureInPictureButton(element('stage-pip', HTMLButtonElement), this.#videos.enhanced, () => {
      showText(element('stage-message', HTMLElement), 'stage.pip.refused');
    });
    flipButton(element('stage-flip', HTMLButtonElement), panes, (flipped) => {
      this.#flipped = flipped;
      this.#section.toggleAttribute('data-flip', flipped);
    });
    mirrorSwitch(element('mirror', HTMLInputElement), this.#section);
    // CSS draws the difference; the text names its scale.
    panes.style.setProperty('--difference', String(DIFFERENCE_SCALE));
    showText(element('stage-scale', HTMLElement), 'stage.difference.scale', { scale: DIFFERENCE_SCALE });
    for (const name of HALVES) {
      const video = this.#videos[name];
      for (const event of ['loadeddata', 'emptied']) video.addEventListener(event, () => this.#mark(name));
      video.addEventListener('resize', () => this.#fit());
    }
  }

  /** @returns {View} */
  get view() {
    return /** @type {View} */ (this.#section.dataset.view);
  }

  set view(view) {
    this.#section.dataset.view = view;
    this.#showView(view);
    this.#panning.refresh();
  }

  /** Shows the whole frame, divided. */
  showWhole() {
    this.view = 'divider';
    this.#divider.position = 50;
    this.#panning.look({ zoom: 'fit', centre: [0.5, 0.5] });
  }

  /** Shows the part with most detail, enlarged and divided. */
  showDetail() {
    this.view = 'divider';
    const { canvas } = this.#halves.enhanced;
    const luma = readLuma(canvas);
    if (!luma) return;
    const [x, y] = densest(luma, canvas.width, [canvas.width * DETAIL, canvas.height * DETAIL]);
    const across = this.#section.hasAttribute(MIRRORED) ? 1 - x : x;
    this.#panning.look({ zoom: CLOSE, centre: [across, y] });
    // The frame may end before this part is in the middle of the pane: the divider goes to it.
    this.#divider.position = 100 * this.#panning.acrossOf(across);
  }

  /** Starts what the next session needs, before `attach`. @param {AbortSignal} signal */
  async prepare(signal) {
    const worker = await startWorker();
    this.#stopWorker(); // of a session that did not begin
    this.#worker = worker;
    if (signal.aborted) this.#stopWorker();
  }

  /**
   * Starts a session; the frames of this sender are shown as the original.
   * @param {RTCRtpSender} sender of the original, before the offer
   */
  attach(sender) {
    this.#detach();
    this.#session = new AbortController();
    const { signal } = this.#session;
    this.#pairing.follow(signal);
    this.#meters.follow(this.#videos, signal);
    if (!this.#worker) return;
    tapSender(sender, this.#worker, (sent) => {
      if (sent.frame) this.#meters.countSent(sent.at);
      this.#pairing.addSent(sent);
    }, signal);
    this.#worker = null;
  }

  /** @param {MediaStream} stream of the camera */
  showOriginal(stream) {
    show(this.#videos.original, stream);
  }

  /** @param {MediaStream} stream with the enhanced video and perhaps audio */
  showEnhanced(stream) {
    show(this.#videos.enhanced, stream);
    this.#recording.stream = stream;
  }

  /** @param {MemoryMask | null} mask the places that come from the memory of the call; null to mark none */
  markMemory(mask) {
    if (mask === null || !this.#still.frozen) this.#overlay.show(mask);
  }

  /** Ends the session; the last pair stays visible. */
  hold() {
    this.markMemory(null);
    this.#detach();
    this.#stopWorker();
    this.#section.toggleAttribute('data-held', this.#halves.enhanced.size !== null);
    show(this.#videos.enhanced, null);
    this.#recording.stream = null;
  }

  /** Ends the call; nothing is shown. */
  clear() {
    this.hold();
    show(this.#videos.original, null);
    this.#still.clear();
    for (const half of Object.values(this.#halves)) half.clear();
    this.#meters.clear();
    this.#section.removeAttribute('data-held');
    for (const name of HALVES) this.#mark(name);
    showText(this.#what, 'stage.original.what');
  }

  /** @param {ServerStats} stats */
  applyStats(stats) {
    this.#pairing.offset = stats.rtp_offset;
    this.#still.student = stats.student;
  }

  /** Measurements at the display; nulls where nothing is known. */
  figures() {
    return this.#meters.figures(performance.now());
  }

  /**
   * @param {AbortSignal} signal
   * @returns {Promise<void>} when the first enhanced frame is visible
   */
  firstFrame(signal) {
    const { enhanced } = this.#videos;
    return new Promise((resolve) => {
      enhanced.addEventListener('loadeddata', () => resolve(), { signal });
      if (hasFrame(enhanced)) resolve();
    });
  }

  /** Shows a pair, unless the session has ended. @param {Pair} pair */
  show(pair) {
    if (!this.#session) return;
    this.#recording.draw(pair);
    this.#meters.count(pair);
    this.#section.removeAttribute('data-held');
    if (this.#still.frozen || this.#flipped) return;
    paint(this.#halves, pair);
    this.#meters.notePainted(pair);
    this.#still.match = pair.match;
    showText(this.#what, canShowSent() ? WHAT[pair.match] : 'stage.original.unsupported');
    this.#fit();
  }

  #fit() {
    const size = [this.#videos.enhanced, this.#videos.original].map(sizeOf).find(([width]) => width > 0);
    if (size) this.#panning.size = size;
  }

  #stopWorker() {
    this.#worker?.terminate();
    this.#worker = null;
  }

  #detach() {
    this.#session?.abort();
    this.#session = null;
    this.#pairing.offset = null;
    this.#meters.clear();
  }

  /** @param {Name} name */
  #mark(name) {
    const video = this.#videos[name];
    const filled = hasFrame(video) || this.#halves[name].size !== null;
    video.closest('.pane')?.toggleAttribute('data-video', filled);
  }
}

/** @param {HTMLVideoElement} video @param {MediaStream | null} stream */
function show(video, stream) {
  video.srcObject = stream;
  // Safari starts some streams only on play(); where that is refused, `autoplay` starts them.
  if (stream) video.play().catch(() => {});
}

/** @param {HTMLVideoElement} video */
function hasFrame(video) {
  return video.srcObject !== null && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
}
