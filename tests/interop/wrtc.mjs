// libwebrtc as @roamhq/wrtc builds it for Node.js: node wrtc.mjs SERVER FRAMES, both ways over /offer.

import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const wrtc = require('@roamhq/wrtc');
const [server, frames] = process.argv.slice(2);
const { RTCVideoSource, RTCVideoSink } = wrtc.nonstandard;
const [width, height] = [640, 360];

const source = new RTCVideoSource();
const peer = new wrtc.RTCPeerConnection({ iceServers: [] });
const seen = { frames: 0, width: 0, height: 0 };
let sink;
peer.ontrack = ({ track }) => {
  sink = new RTCVideoSink(track);
  sink.onframe = ({ frame }) => Object.assign(seen, { frames: seen.frames + 1, width: frame.width, height: frame.height });
};
peer.addTransceiver(source.createTrack(), { direction: 'sendrecv' });
await peer.setLocalDescription(await peer.createOffer());
await new Promise((resolve) => {
  if (peer.iceGatheringState === 'complete') resolve();
  peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && resolve();
});
const response = await fetch(`${server}/offer`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ sdp: peer.localDescription.sdp, type: 'offer' }),
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.message);
await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp });

let number = 0;
const camera = setInterval(() => {
  const data = new Uint8ClampedArray(width * height * 1.5).fill(128);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data[y * width + x] = (x + 4 * number) ^ y;
  }
  source.onFrame({ width, height, data });
  number += 1;
}, 33);
const until = Date.now() + 30000;
while (seen.frames < Number(frames) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 100));
clearInterval(camera);
sink?.stop();
peer.close();
await fetch(`${server}${answer.url}`, { method: 'DELETE' });
console.log(JSON.stringify({ ...seen, version: require('@roamhq/wrtc/package.json').version }));
process.exit(0);
