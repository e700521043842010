/** Plays a stream: WHEP, again and again until the page is left. */
import { CallError } from '../call/call-error.js';
import { iceServers } from '../call/signalling.js';
import { askToken } from '../call/token-dialog.js';
import { exchange, streamName } from '../call/whip.js';
import { element } from '../dom.js';
import { sentence } from '../states.js';
import { fillTexts, showText } from '../texts.js';

const RETRY_MS = 3_000;

const video = element('video', HTMLVideoElement);
const message = element('message', HTMLElement);
const over = new AbortController();

async function play() {
  const pc = new RTCPeerConnection({ iceServers: await iceServers(over.signal), bundlePolicy: 'max-bundle' });
  const stream = new MediaStream();
  pc.addEventListener('track', ({ track }) => {
    stream.addTrack(track);
    video.srcObject = stream;
  });
  for (const kind of ['video', 'audio']) pc.addTransceiver(kind, { direction: 'recvonly' });
  try {
    const { end, lost } = await exchange(pc, 'whep', over.signal);
    over.signal.addEventListener('abort', end);
    showText(message, null);
    await lost;
    end();
  } finally {
    pc.close();
  }
}

/** @param {unknown} error @returns {Promise<number>} milliseconds before the next attempt */
async function explain(error) {
  const { code, detail, retryAfter } = CallError.from(error);
  if (code === 'token-missing' || code === 'token-wrong') {
    return await askToken(code === 'token-wrong') ? 0 : Infinity;
  }
  showText(message, 'watch.waiting', { stream: streamName(), reason: sentence(detail ?? '') });
  return (retryAfter ?? 0) * 1000 || RETRY_MS;
}

async function run() {
  while (!over.signal.aborted) {
    let pause = RETRY_MS;
    showText(message, 'watch.connecting');
    try {
      await play();
    } catch (error) {
      pause = await explain(error);
    }
    if (pause === Infinity) return;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

document.title = `${streamName()} · Acutance`;
element('name', HTMLElement).textContent = streamName();
addEventListener('pagehide', () => over.abort());
fillTexts();
run();
