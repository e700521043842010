"""Janus behind the server, by `--forward-whip`, and in front of it, by the example in docs."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from acutance.server.bench.server import free_port
from tests.browser.real_server import Server, running_server
from tests.interop.conftest import ROOT, Record, closes, program, running, until_live, watched
from tests.interop.janus.gateway import ROOM, await_port, running_janus

EXAMPLES = ROOT / "docs" / "examples" / "janus"
sys.path.append(str(EXAMPLES))
from janus_api import Janus, joined  # noqa: E402

FRAMES = 60
_PATIENCE_S = 30.0


@pytest.fixture
def janus(tmp_path: Path) -> Iterator[str]:
    room = (EXAMPLES / "janus.plugin.videoroom.jcfg").read_text()
    with running_janus(program("janus", "janus"), tmp_path, room) as url:
        yield url


@pytest.fixture
def front_end(janus: str, tmp_path: Path) -> Iterator[str]:
    """The WHIP front end of the room: its address."""
    port, log = free_port(), tmp_path / "front-end.log"
    with running(
        [sys.executable, str(Path(__file__).with_name("whip.py")), str(port), janus, str(ROOM)], log
    ) as process:
        await_port(port, process, log)
        yield f"http://127.0.0.1:{port}"


@contextmanager
def publishing(whip: str, log: Path) -> Iterator[None]:
    """A test pattern is published by `acutance peer`."""
    options = ["--whip", whip, "--size", "640x360", "--seconds", "60", "--json"]
    with running([sys.executable, "-m", "acutance.server.cli", "peer", *options], log):
        yield


async def feed_of(janus: Janus, name: str) -> int:
    """Return the publisher of this name in the room, when it is there."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            listed, _ = await janus.ask({"request": "listparticipants", "room": ROOM})
            for each in listed["participants"]:
                if each.get("display") == name and each["publisher"]:
                    return int(each["id"])
            await asyncio.sleep(0.2)


async def subscribed(url: str, name: str) -> dict[str, Any]:
    """Watch a publisher of the room as a subscriber; return its frames and their size."""
    seen = {"frames": 0, "size": ""}
    enough = asyncio.Event()
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    @peer.on("track")
    async def watch(track: MediaStreamTrack) -> None:
        try:
            while track.kind == "video" and not enough.is_set():
                frame: Any = await track.recv()
                seen.update(frames=seen["frames"] + 1, size=f"{frame.width}x{frame.height}")
                if seen["frames"] >= FRAMES:
                    enough.set()
        except MediaStreamError:
            enough.set()

    async with joined(url) as janus:
        feed = await feed_of(janus, name)
        _, offer = await janus.ask(
            {"request": "join", "ptype": "subscriber", "room": ROOM, "streams": [{"feed": feed}]}
        )
        await peer.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        await peer.setLocalDescription(await peer.createAnswer())
        await janus.ask({"request": "start"}, {"type": "answer", "sdp": peer.localDescription.sdp})
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await enough.wait()
        finally:
            await peer.close()
    return seen


def version() -> str:
    """Return Janus's version, from the head of its help."""
    printed = subprocess.run(["janus", "--help"], capture_output=True, text=True)
    return (printed.stdout + printed.stderr).partition("(")[2].partition(")")[0]


async def test_a_stream_forwarded_to_janus_is_watched_there(
    record: Record, janus: str, front_end: str, tmp_path: Path
) -> None:
    with running_server(tmp_path / "server.log", "--forward-whip", front_end + "/whip/{stream}") as server:
        with publishing(f"{server.url}/whip/stage", tmp_path / "peer.log"):
            seen = await subscribed(janus, "stage")
        ended = await asyncio.to_thread(closes, server)
    note = "the WHIP front end is ours, tests/interop/janus/whip.py: Meetecho's is on no package registry"
    way = "behind: `--forward-whip`, watched in a VideoRoom"
    record(f"Janus {version()}", way, seen["frames"], seen["size"], ended, note)
    assert seen["frames"] >= FRAMES
    assert seen["size"] == "640x360"
    assert ended


async def test_a_stream_from_janus_goes_to_the_server_and_back(
    record: Record, janus: str, front_end: str, server: Server, tmp_path: Path
) -> None:
    log = tmp_path / "bridge.log"
    bridge = [str(EXAMPLES / "room_to_acutance.py"), janus, str(ROOM), "0", f"{server.url}/whip/room"]
    with ExitStack() as bridged:
        with publishing(f"{front_end}/whip/camera", tmp_path / "peer.log"):
            async with joined(janus) as room:
                await feed_of(room, "camera")
            process = bridged.enter_context(running([sys.executable, *bridge], log))
            await asyncio.to_thread(until_live, server, "room", process, log)
            seen = await asyncio.to_thread(watched, server, "room")
        # Without a publisher the bridge ends by itself.
        assert await asyncio.to_thread(process.wait, 40) == 0, log.read_text()
    ended = await asyncio.to_thread(closes, server)
    way = "in front: docs/examples/janus/room_to_acutance.py, watched by WHEP"
    record(f"Janus {version()}", way, seen["decoded"], seen["size"], ended)
    assert seen["decoded"] >= FRAMES
    assert seen["size"] == "640x360"
    assert ended
