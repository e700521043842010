"""A stream is forwarded to another server; in these tests the server is its own ingest."""

import asyncio
from collections.abc import AsyncIterator
from copy import copy
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.forward.forward import Ingest
from acutance.server.http.app import create_app
from acutance.server.http.app_keys import HOST
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS, Rung
from tests.server.media_peers import Client, Publisher, Watcher
from tests.server.peers import HEIGHT, WIDTH, until

pytestmark = pytest.mark.media


class Gate:
    """A middleware of the ingest that refuses the first requests and records the tokens of all."""

    def __init__(self) -> None:
        self.refusals = 1
        self.tokens: list[str | None] = []

    @web.middleware
    async def watch(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if request.method == "POST" and request.path.startswith("/whip"):
            self.tokens.append(request.headers.get("Authorization"))
            if self.refusals:
                self.refusals -= 1
                return web.Response(status=503, text="not yet")
        response: web.StreamResponse = await handler(request)
        return response


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
async def ingest(ladder: Ladder, gate: Gate) -> AsyncIterator[Client]:
    app = create_app(Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=3, check_load=False)))
    app.middlewares.insert(0, gate.watch)
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
async def client(ladder: Ladder, ingest: Client) -> AsyncIterator[Client]:
    forward = Ingest(str(ingest.make_url("/whip/")) + "from-{stream}?key=secret", "letmein")
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=3, check_load=False), forward=forward)
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


async def _forward(client: Client) -> Any:
    (stream,) = (await (await client.get("/streams")).json())["streams"]
    return stream["forwards"][0]


async def _until_connected(client: Client) -> None:
    async with asyncio.timeout(20):
        while await _forward(client) != "connected":  # noqa: ASYNC110 - the door is asked
            await asyncio.sleep(0.05)


async def test_a_stream_is_forwarded_enhanced_with_its_audio_and_again_after_an_outage(
    client: Client, ingest: Client, gate: Gate
) -> None:
    publisher, viewer = Publisher(audio=True), Watcher(audio=True)
    assert await publisher.post(client, "/whip/stage") == 201
    await _until_connected(client)
    assert gate.tokens == ["Bearer letmein"] * 2, "refused once, tried again"
    assert await viewer.post(ingest, "/whep/from-stage") == 201
    await until(lambda: len(viewer.order) >= 15 and viewer.loudest > 0.1)
    assert viewer.size == (WIDTH, HEIGHT)

    # The ingest ends it: it is published again.
    host = ingest.app[HOST]
    await host.registry.streams.publisher("from-stage").close("test")
    await until(lambda: len(gate.tokens) == 3)
    await _until_connected(client)

    # When the publisher leaves, the forward ends with a DELETE.
    assert (await client.delete(publisher.location)).status == 200
    await until(lambda: host.registry.streams.listed() == [])
    await publisher.close()
    await viewer.close()


async def test_an_ingest_gets_the_coded_frames_of_a_publisher_whose_frames_are_not_enhanced(ladder: Ladder) -> None:
    passing = copy(ladder)
    passing.rungs = [Rung(PASS)]
    limits = Limits(govern=False)
    ingest = TestServer(create_app(Host(ladder, limits, AdmissionLimits(max_sessions=3, check_load=False))))
    publisher, viewer = Publisher(), Watcher()
    async with TestClient(ingest) as behind:
        forward = Ingest(str(behind.make_url("/whip/")) + "from-{stream}")
        host = Host(passing, limits, AdmissionLimits(max_sessions=3, check_load=False), forward=forward)
        async with TestClient(TestServer(create_app(host))) as client:
            assert await publisher.post(client, "/whip/stage") == 201
            await _until_connected(client)
            assert await viewer.post(behind, "/whep/from-stage") == 201
            await until(lambda: len(viewer.order) >= 30)
            (stream,) = (await (await client.get("/streams")).json())["streams"]
            assert [rendition["encoder"] for rendition in stream["renditions"]] == ["forwarded"]
            assert viewer.order == sorted(set(viewer.order))
            await publisher.close()
            await viewer.close()


async def test_an_unreachable_ingest_does_not_affect_the_call(ladder: Ladder, unused_tcp_port: int) -> None:
    nowhere = Ingest(f"http://127.0.0.1:{unused_tcp_port}/whip")
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=3, check_load=False), forward=nowhere)
    publisher, viewer = Publisher(), Watcher()
    async with TestClient(TestServer(create_app(host))) as client:
        assert await publisher.post(client, "/whip/stage") == 201
        assert await viewer.post(client, "/whep/stage") == 201
        await until(lambda: len(viewer.order) >= 10)
        assert await _forward(client) == "waiting to try again"
        assert (await client.delete(publisher.location)).status == 200
        await publisher.close()
        await viewer.close()
