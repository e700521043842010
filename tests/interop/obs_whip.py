"""Publishes like OBS, with OBS's WebRTC library, libdatachannel: python obs_whip.py WHIP TOKEN SECONDS. Prints JSON.

As in plugins/obs-webrtc of OBS Studio 30.2 and later: Opus as mid 0, H.264 as mid 1; an offer without candidates, none
after it, gathering after the answer; sender reports, retransmissions on NACK and a pacer, but no reaction to keyframe
requests; the session ends with DELETE.
"""

import array
import json
import math
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urljoin

import av
import libdatachannel as rtc
from av.video.frame import PictureType

# The settings for OBS in docs.
_X264 = json.loads((Path(__file__).parents[2] / "docs" / "examples" / "obs" / "streamEncoder.json").read_text())
_VIDEO_BITRATE = 1000 * _X264["bitrate"]
_CNAME = "obs"
_CONNECT_S = 10.0


def packets(seconds: int) -> Iterator[tuple[float, str, bytes]]:
    """Yield a test pattern and a tone, encoded: the time of each packet in seconds, its kind, its bytes."""
    video = av.CodecContext.create("libx264", "w")
    video.width, video.height, video.pix_fmt, video.framerate = 640, 360, "yuv420p", Fraction(30)
    video.time_base, video.bit_rate = Fraction(1, 30), _VIDEO_BITRATE
    video.options = {name: str(_X264[name]) for name in ("preset", "tune", "profile")}
    video.options |= {"g": str(30 * _X264["keyint_sec"]), "x264-params": _X264["x264opts"], "annexb": "1"}
    audio = av.CodecContext.create("libopus", "w")
    audio.sample_rate, audio.layout, audio.format, audio.time_base = 48_000, "stereo", "s16", Fraction(1, 48_000)
    with av.open(f"testsrc2=size=640x360:rate=30:duration={seconds}", format="lavfi") as source:
        tones = 0
        for number, frame in enumerate(source.decode(video=0)):
            while tones * 0.02 <= number / 30:
                yield from ((tones * 0.02, "audio", bytes(packet)) for packet in audio.encode(_tone(tones)))
                tones += 1
            frame = frame.reformat(format="yuv420p")
            frame.pts, frame.time_base, frame.pict_type = number, Fraction(1, 30), PictureType.NONE
            yield from ((number / 30, "video", bytes(packet)) for packet in video.encode(frame))


def _tone(number: int) -> av.AudioFrame:
    samples = (int(8000 * math.sin(2 * math.pi * 440 * (number * 960 + at) / 48_000)) for at in range(960))
    frame = av.AudioFrame(format="s16", layout="stereo", samples=960)
    frame.planes[0].update(array.array("h", (each for sample in samples for each in (sample, sample))).tobytes())
    frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 960, Fraction(1, 48_000)
    return frame


def tracks(peer: rtc.PeerConnection) -> dict[str, rtc.Track]:
    """Add audio and video."""
    audio = rtc.Description.Audio("0", rtc.Description.Direction.SendOnly)
    audio.add_opus_codec(111, "minptime=10;maxaveragebitrate=96000;stereo=1;sprop-stereo=1;useinbandfec=1")
    audio.add_ssrc(1001, _CNAME, "obs", "obs-audio")
    video = rtc.Description.Video("1", rtc.Description.Direction.SendOnly)
    video.add_h264_codec(96, "profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1")
    video.add_ssrc(1002, _CNAME, "obs", "obs-video")
    made = {"audio": peer.add_track(audio), "video": peer.add_track(video)}
    audio_rtp = rtc.RtpPacketizationConfig(1001, _CNAME, 111, 48_000)
    video_rtp = rtc.RtpPacketizationConfig(1002, _CNAME, 96, 90_000)
    separator = rtc.NalUnit.Separator.StartSequence
    chains = {
        "audio": [rtc.OpusRtpPacketizer(audio_rtp), rtc.RtcpSrReporter(audio_rtp), rtc.RtcpNackResponder()],
        "video": [
            rtc.H264RtpPacketizer(separator, video_rtp, 1200),
            rtc.RtcpSrReporter(video_rtp),
            rtc.RtcpNackResponder(4000),
            rtc.PacingHandler(_VIDEO_BITRATE * 10, timedelta(milliseconds=5)),
        ],
    }
    for kind, chain in chains.items():
        for handler in chain[1:]:
            chain[0].add_to_chain(handler)
        made[kind].set_media_handler(chain[0])
    return made


def main(whip: str, token: str, seconds: int) -> None:
    """Publish."""
    configuration = rtc.Configuration()
    configuration.disable_auto_gathering = True
    peer, connected = rtc.PeerConnection(configuration), threading.Event()
    peer.on_state_change(lambda state: state == rtc.PeerConnection.State.Connected and connected.set())
    made = tracks(peer)
    peer.set_local_description(rtc.Description.Type.Offer)
    offer = str(peer.local_description())
    assert "a=candidate" not in offer, offer
    headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(whip, offer.encode(), headers)
    with urllib.request.urlopen(request, timeout=8) as response:
        assert response.status == 201
        session = urljoin(whip, response.headers["Location"])
        peer.set_remote_description(rtc.Description(response.read().decode(), rtc.Description.Type.Answer))
    peer.gather_local_candidates()
    assert connected.wait(_CONNECT_S), "not connected"
    began = time.monotonic()
    for due, kind, data in packets(seconds):
        time.sleep(max(0.0, began + due - time.monotonic()))
        made[kind].send_frame(data, rtc.FrameInfo(timedelta(seconds=due)))
    request = urllib.request.Request(session, method="DELETE", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=8) as response:
        status = response.status
    peer.close()
    print(json.dumps({"version": version("libdatachannel-py"), "deleted": status}))


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
