"""GStreamer and aiortc with the examples in docs, FFmpeg's WHIP muxer, and `acutance peer`."""

import json
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import av
import pytest

from tests.browser.real_server import Server
from tests.interop.conftest import ROOT, Record, closes, watched
from tests.interop.ffmpeg_whip import publishing

EXAMPLES = ROOT / "docs" / "examples"
SYSTEM_PYTHON = "/usr/bin/python3"
_COUNTED = re.compile(r"(\d+) enhanced frames of (\d+x\d+)(?: \((.*)\))?")


def _run(command: list[str], seconds: float = 90.0) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_gstreamer_webrtcbin_both_ways(record: Record, server: Server) -> None:
    check = "import gi; gi.require_version('GstWebRTC', '1.0'); from gi.repository import GstWebRTC"
    if subprocess.run([SYSTEM_PYTHON, "-c", check], capture_output=True).returncode:
        pytest.skip("no GStreamer for the system's Python: apt-get install what the example names")
    printed = _run([SYSTEM_PYTHON, str(EXAMPLES / "gstreamer_peer.py"), server.url, "6"])
    counted = _COUNTED.search(printed)
    assert counted, printed
    ended = closes(server)
    record(counted[3] or "GStreamer", "`/offer`, docs/examples/gstreamer_peer.py", int(counted[1]), counted[2], ended)
    assert int(counted[1]) >= 60
    assert counted[2] == "640x360"
    assert ended


def test_aiortc_by_the_example(record: Record, server: Server, clip: Path) -> None:
    printed = _run([sys.executable, str(EXAMPLES / "python_peer.py"), str(clip), server.url])
    counted = _COUNTED.search(printed)
    assert counted, printed
    ended = closes(server)
    name = f"aiortc {version('aiortc')}"
    record(name, "`/offer`, docs/examples/python_peer.py", int(counted[1]), counted[2], ended)
    assert int(counted[1]) >= 60
    assert ended


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_acutance_peer_by_whip_and_whep(record: Record, server: Server, clip: Path, codec: str) -> None:
    stream = f"peer-{codec}"
    ways = ["--whip", f"{server.url}/whip/{stream}", "--pull", f"{server.url}/whep/{stream}"]
    command = [
        sys.executable,
        "-m",
        "acutance.server.cli",
        "peer",
        "--file",
        str(clip),
        *ways,
        "--codec",
        codec,
        "--json",
    ]
    report = json.loads(_run(command))
    ended = closes(server)
    size = "x".join(map(str, report["returned"]["size"]))
    record("`acutance peer`", f"WHIP and WHEP, {codec}", report["returned"]["decoded"], size, ended)
    assert report["returned"]["decoded"] >= 60
    assert ended


@pytest.mark.parametrize("profile", ["Baseline", "High"])
def test_ffmpegs_whip_muxer(record: Record, server: Server, profile: str) -> None:
    stream = f"ffmpeg-{profile}"
    with publishing(f"{server.url}/whip/{stream}", profile):
        seen = watched(server, stream)
    ended = closes(server)
    name = "FFmpeg, libavformat " + ".".join(map(str, av.library_versions["libavformat"]))
    record(name, f"WHIP muxer, H.264 {profile}; watched by WHEP", seen["decoded"], seen["size"], ended)
    assert seen["decoded"] >= 60
    assert seen["size"] == "640x360"
    assert ended
