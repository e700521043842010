// werift, WebRTC in TypeScript: node werift.mjs SERVER FRAMES PORT. It has no codec: VP8 in RTP comes to a UDP port,
// and of what returns it counts the frames and reads the size (RFC 7741, section 4; RFC 6386, section 9.1).

import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from 'werift';

const [server, frames, port] = process.argv.slice(2);
const codec = new RTCRtpCodecParameters({
  mimeType: 'video/VP8',
  clockRate: 90000,
  rtcpFeedback: [{ type: 'nack' }, { type: 'nack', parameter: 'pli' }],
});
const peer = new RTCPeerConnection({ codecs: { video: [codec], audio: [] }, iceServers: [] });
const seen = { frames: 0, width: 0, height: 0 };

function size(payload) {
  let at = 1;
  if (payload[0] & 0x80) {
    const extended = payload[1];
    at = 2;
    if (extended & 0x80) at += payload[at] & 0x80 ? 2 : 1;
    if (extended & 0x40) at += 1;
    if (extended & 0x30) at += 1;
  }
  const begins = (payload[0] & 0x10) !== 0 && (payload[0] & 0x07) === 0;
  if (!begins || payload[at] & 1) return;
  seen.width = payload.readUInt16LE(at + 6) & 0x3fff;
  seen.height = payload.readUInt16LE(at + 8) & 0x3fff;
}

const track = new MediaStreamTrack({ kind: 'video' });
const transceiver = peer.addTransceiver(track, { direction: 'sendrecv' });
transceiver.onTrack.subscribe((returned) => {
  returned.onReceiveRtp.subscribe((packet) => {
    size(packet.payload);
    if (packet.header.marker) seen.frames += 1;
  });
});
await peer.setLocalDescription(await peer.createOffer());
const response = await fetch(`${server}/offer`, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({ sdp: peer.localDescription.sdp, type: 'offer' }),
});
const answer = await response.json();
if (!response.ok) throw new Error(answer.message);
const camera = createSocket('udp4');
camera.on('message', (packet) => track.writeRtp(packet));
camera.bind(Number(port), '127.0.0.1');
await peer.setRemoteDescription({ type: 'answer', sdp: answer.sdp });

const until = Date.now() + 30000;
while (seen.frames < Number(frames) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 100));
camera.close();
await peer.close();
await fetch(`${server}${answer.url}`, { method: 'DELETE' });
const { version } = JSON.parse(readFileSync(new URL('node_modules/werift/package.json', import.meta.url)));
console.log(JSON.stringify({ ...seen, version }));
process.exit(0);
