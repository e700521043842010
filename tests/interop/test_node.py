"""WebRTC for Node.js from npm: a build of libwebrtc, and werift, which is written in TypeScript."""

import socket
import subprocess
from collections.abc import Iterator

import pytest

from tests.browser.real_server import Server
from tests.interop.conftest import Record, closes, node, program

FRAMES = 60


@pytest.fixture
def vp8_port() -> Iterator[int]:
    """GStreamer sends a test pattern as VP8 in RTP to this port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    pipeline = (
        "videotestsrc is-live=true pattern=ball ! video/x-raw,width=640,height=360,framerate=30/1 "
        "! vp8enc deadline=1 cpu-used=8 keyframe-max-dist=30 target-bitrate=1500000 ! rtpvp8pay pt=96 mtu=1200 "
        f"! udpsink host=127.0.0.1 port={port}"
    )
    launch = program("gst-launch-1.0", "gstreamer1.0-tools gstreamer1.0-plugins-good")
    sender = subprocess.Popen([launch, "-q", *pipeline.split()])
    yield port
    sender.terminate()
    sender.wait(10)


def test_libwebrtc_for_node(record: Record, server: Server) -> None:
    seen = node("wrtc.mjs", server.url, str(FRAMES))
    ended = closes(server)
    name = f"libwebrtc, npm @roamhq/wrtc {seen['version']}"
    record(name, "`/offer`", seen["frames"], f"{seen['width']}x{seen['height']}", ended)
    assert seen["frames"] >= FRAMES
    assert seen["width"] >= 320
    assert ended


def test_werift(record: Record, server: Server, vp8_port: int) -> None:
    seen = node("werift.mjs", server.url, str(FRAMES), str(vp8_port))
    ended = closes(server)
    record(f"werift {seen['version']}", "`/offer`, VP8", seen["frames"], f"{seen['width']}x{seen['height']}", ended)
    assert seen["frames"] >= FRAMES
    assert (seen["width"], seen["height"]) == (640, 360)
    assert ended
