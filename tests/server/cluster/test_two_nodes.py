"""A door and two nodes as processes, without Ray: what begins, replaces and drains them is not tested here."""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack

import psutil
import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.assembly.http_parts import HttpParts
from acutance.server.cluster.door import ClusterDoor
from acutance.server.cluster.members import Announcement
from acutance.server.cluster.node_setup import NodeSetup
from acutance.server.cluster.processes.environment import ray_environment
from acutance.server.forward.rules import ForwardRules
from acutance.server.http.app import create_door_app
from acutance.server.http.guard import Guard
from acutance.server.options.server import ServeOptions
from acutance.server.signalling.requests import Drain
from acutance.server.signalling.session_ids import split
from tests.offers import VIDEO, offer
from tests.server.peers import until
from tests.server.signalling.test_whip_conformance import FRAGMENT, SDP, SENDONLY, TRICKLED

TOKEN = "0123456789abcdef" * 2
OPTIONS = ServeOptions(student="nano", provider="cpu", max_sessions=8, admission=False, governor=False)


class _Nodes:
    """Two nodes: their processes and announcements, by name."""

    def __init__(self) -> None:
        self.processes: dict[str, asyncio.subprocess.Process] = {}
        self.announcements: dict[str, str] = {}

    async def __aenter__(self) -> "_Nodes":
        await asyncio.gather(self._start(), self._start())
        return self

    async def _start(self) -> None:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.server.cluster.node_process"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=ray_environment(TOKEN, NodeSetup.of(OPTIONS, None).variables()) | {"ACUTANCE_TOKEN": TOKEN},
        )
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        name = Announcement.model_validate_json(line).member.name
        self.processes[name], self.announcements[name] = process, line

    async def __aexit__(self, *_: object) -> None:
        for process in self.processes.values():
            assert process.stdin is not None
            process.stdin.close()
        await asyncio.gather(*(process.wait() for process in self.processes.values()))


def _node(url: str) -> str:
    return split(url.rpartition("/")[2])[0]


@pytest.mark.process
async def test_two_nodes_as_processes() -> None:
    parts = HttpParts(Guard(), None, ForwardRules())
    door = ClusterDoor(OPTIONS, parts, TOKEN)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(TestClient(TestServer(create_door_app(door, parts.guard))))
        nodes = await stack.enter_async_context(_Nodes())
        door.announced(nodes.announcements)
        await until(lambda: len(door.roster.carriers) == 2)

        for process in nodes.processes.values():
            (worker,) = psutil.Process(process.pid).children()
            assert TOKEN not in worker.environ().values(), "media are decoded without tokens"

        async def begin() -> str:
            response = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"})
            body = await response.json()
            assert response.status == 200, body
            return str(body["url"])

        urls = [await begin() for _ in range(6)]
        # Not three each: the load that is measured counts too.
        assert set(map(_node, urls)) == nodes.processes.keys()
        for url in urls:
            assert (await client.patch(url, data=TRICKLED, headers=FRAGMENT)).status == 204
        published = await client.post("/whip/one", data=offer(SENDONLY), headers=SDP)
        assert published.status == 201
        assert (await client.post("/whip/one", data=offer(SENDONLY), headers=SDP)).status == 409
        lost = _node(published.headers["Location"])
        (kept,) = nodes.processes.keys() - {lost}
        os.kill(nodes.processes[lost].pid, signal.SIGKILL)
        await until(lambda: lost not in door.roster.carriers)
        for url in urls:
            assert (await client.get(url)).status == (410 if _node(url) == lost else 204)
        assert _node(await begin()) == kept
        await door.roster.carriers[kept].ask(Drain(), 10)
        response = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"})
        assert response.status == 503
        for url in urls:
            if _node(url) == kept:
                assert (await client.delete(url)).status == 200
