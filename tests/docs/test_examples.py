"""The Python example in docs runs unchanged; the others run in `make interop`."""

import asyncio
import json
import re
import sys
from pathlib import Path

import av
import pytest
import yaml
from aiohttp.test_utils import TestServer

from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder

pytestmark = pytest.mark.media

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.mark.parametrize("name", ["python_peer.py", "browser_page.html"])
def test_an_example_has_at_most_forty_lines(name: str) -> None:
    assert len((EXAMPLES / name).read_text().splitlines()) < 40


async def test_the_python_example_gets_its_clip_back(ladder: Ladder, tmp_path: Path) -> None:
    clip = tmp_path / "pattern.mp4"
    pattern = "testsrc2=size=320x192:rate=30:duration=2,format=yuv420p"
    with av.open(pattern, format="lavfi") as source, av.open(str(clip), "w") as container:
        video = container.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 320, 192, "yuv420p"
        for frame in source.decode(video=0):
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=1, check_load=False))
    async with TestServer(create_app(host)) as server:
        example = await asyncio.create_subprocess_exec(
            sys.executable,
            str(EXAMPLES / "python_peer.py"),
            str(clip),
            str(server.make_url("/")).rstrip("/"),
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await asyncio.wait_for(example.communicate(), 60)
    counted = re.fullmatch(r"(\d+) enhanced frames of 320x192\n", printed.decode())
    assert counted, printed
    assert int(counted[1]) >= 30


def test_mediamtx_runs_ffmpeg_with_the_options_that_interop_tries() -> None:
    paths = yaml.safe_load((EXAMPLES / "mediamtx" / "in-front.yml").read_text())["paths"]
    script = (EXAMPLES / "ffmpeg_whip.sh").read_text()
    encoders = " ".join(script.partition('"$clip"')[2].partition('"$@"')[0].replace("\\\n", " ").split())
    assert encoders.startswith("-c:v libx264")
    assert f" {encoders} " in " ".join(paths["camera"]["runOnReady"].split())
    assert paths["camera-enhanced"]["source"].endswith("/whep/camera"), "returns under the name of the published stream"


def test_mediamtx_lets_in_what_forward_whip_publishes() -> None:
    settings = yaml.safe_load((EXAMPLES / "mediamtx" / "behind.yml").read_text())
    publishers = [user for user in settings["authInternalUsers"] if {"action": "publish"} in user["permissions"]]
    assert [user["pass"] for user in publishers] == ["SECRET"], "the ingest requires the token of the forward"


def test_the_obs_profile_has_the_settings_of_its_page() -> None:
    encoder = json.loads((EXAMPLES / "obs" / "streamEncoder.json").read_text())
    service = json.loads((EXAMPLES / "obs" / "service.json").read_text())
    assert (encoder["keyint_sec"], encoder["x264opts"], encoder["tune"]) == (1, "bframes=0", "zerolatency")
    assert (service["type"], service["settings"]["service"]) == ("whip_custom", "WHIP")
