"""The Python example in docs runs as it stands; the others run in `make interop`."""

import asyncio
import re
import sys
from pathlib import Path

import av
import pytest
from aiohttp.test_utils import TestServer

from server.app import create_app
from server.host import Host
from server.ladder import Ladder
from server.shared import Limits

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
    host = Host(ladder, Limits(govern=False), max_sessions=1, admission=False)
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
