/** Publishes camera and microphone as a stream by WHIP. */
import { CallError } from '../call/call-error.js';
import { iceServers } from '../call/signalling.js';
import { askToken } from '../call/token-dialog.js';
import { exchange, streamName } from '../call/whip.js';
import { element } from '../dom.js';
import { valuesOf } from '../states.js';
import { fillTexts, showText } from '../texts.js';
import { openMedia } from './media.js';

const video = element('video', HTMLVideoElement);
const message = element('message', HTMLElement);
const button = element('publish', HTMLButtonElement);
const link = element('watch', HTMLAnchorElement);

/** Ends the stream; null while nothing is published. @type {AbortController | null} */
let over = null;

/** @param {AbortSignal} signal */
async function publish(signal) {
  const media = await openMedia(signal);
  signal.addEventListener('abort', () => media.getTracks().forEach((track) => track.stop()));
  video.srcObject = media;
  const pc = new RTCPeerConnection({ iceServers: await iceServers(signal), bundlePolicy: 'max-bundle' });
  signal.addEventListener('abort', () => pc.close());
  for (const track of media.getTracks()) pc.addTransceiver(track, { direction: 'sendonly', streams: [media] });
  const { end, lost } = await exchange(pc, 'whip', signal);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  showText(message, 'publish.live', { stream: streamName() });
  link.hidden = false;
  await lost;
  throw new CallError('connection-lost');
}

async function start() {
  const started = over = new AbortController();
  showText(button, 'publish.stop');
  showText(message, 'publish.connecting');
  try {
    await publish(started.signal);
  } catch (error) {
    if (started.signal.aborted) return;
    const failure = CallError.from(error);
    stop();
    showText(message, `error.${failure.code}.what`, valuesOf(failure));
    const asks = failure.code === 'token-missing' || failure.code === 'token-wrong';
    if (asks && await askToken(failure.code === 'token-wrong')) start();
  }
}

function stop() {
  over?.abort();
  over = null;
  video.srcObject = null;
  link.hidden = true;
  showText(button, 'publish.start');
  showText(message, 'publish.ready');
}

document.title = `${streamName()} · Acutance`;
element('name', HTMLElement).textContent = streamName();
link.href = `../watch/${encodeURIComponent(streamName())}`;
button.addEventListener('click', () => (over ? stop() : start()));
addEventListener('pagehide', () => over?.abort());
fillTexts();
