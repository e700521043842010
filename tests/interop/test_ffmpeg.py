"""FFmpeg's program with the example in docs: that of a package, and those in ACUTANCE_FFMPEG (a path list)."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.browser.real_server import Server
from tests.interop.conftest import ROOT, Record, closes, running, until_live, watched

EXAMPLE = ROOT / "docs" / "examples" / "ffmpeg_whip.sh"


def _programs() -> list[str]:
    programs = [path for path in os.environ.get("ACUTANCE_FFMPEG", "").split(os.pathsep) if path]
    try:
        import imageio_ffmpeg
    except ImportError:
        return programs
    return [*programs, imageio_ffmpeg.get_ffmpeg_exe()]


@pytest.fixture
def clip_with_audio(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    sources = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30", "-f", "lavfi", "-i", "sine=frequency=440"]
    command = [_programs()[-1], *sources, "-t", "16", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return path


@pytest.mark.skipif(not _programs(), reason="no ffmpeg with a WHIP muxer: pip install '.[interop]'")
@pytest.mark.parametrize("program", _programs())
def test_ffmpegs_program_by_the_example(
    record: Record, server: Server, clip_with_audio: Path, tmp_path: Path, program: str
) -> None:
    printed = subprocess.run([program, "-version"], capture_output=True, text=True).stdout
    version = re.search(r"version n?([\d.]+)", printed)
    stream, log = f"ffmpeg-{version[1] if version else 'unknown'}", tmp_path / "ffmpeg.log"
    command = ["sh", str(EXAMPLE), str(clip_with_audio), f"{server.url}/whip/{stream}"]
    with running(command, log, FFMPEG=program) as process:
        until_live(server, stream, process, log)
        seen = watched(server, stream, out=tmp_path / "watched.mp4")
    ended = closes(server)
    name = f"FFmpeg {stream.removeprefix('ffmpeg-')}, the program"
    record(name, "docs/examples/ffmpeg_whip.sh, watched by WHEP", seen["decoded"], seen["size"], ended, "with audio")
    assert seen["decoded"] >= 60
    assert seen["size"] == "640x360"
    assert seen["audio_packets"] >= 100
    assert ended
