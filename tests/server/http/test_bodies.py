"""A request body has a time limit on every route: a slow client cannot keep a handler busy."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import hdrs, web
from aiohttp.test_utils import TestClient, TestServer

from acutance.server import http
from acutance.server.forward.rules import ForwardRules
from acutance.server.http.app import create_app
from acutance.server.http.bodies import BodyLimits, read_body
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder

Client = TestClient  # type: ignore[type-arg]
_READING = (hdrs.METH_POST, hdrs.METH_PATCH, hdrs.METH_PUT)


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[Client]:
    host = Host(ladder, Limits(), AdmissionLimits(max_sessions=1, check_load=False))
    rules = ForwardRules(frozenset({("sfu.example", None)}), None)
    app = create_app(host, bodies=BodyLimits(timeout=0.05), forwarding=rules)
    async with TestClient(TestServer(app)) as client:
        yield client


async def _half_a_body(client: Client, method: str, path: str) -> bytes:
    """Announce 1,000 bytes, send one, and return the response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\nContent-Length: 1000\r\n\r\n"
    )
    writer.write(head.encode() + b"{")
    response = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    response += await asyncio.wait_for(reader.readuntil(b"}"), 5)
    writer.close()
    return response


async def test_no_route_waits_for_the_rest_of_a_body(client: Client) -> None:
    app = client.server.app  # type: ignore[attr-defined]
    limited = 0
    for route in app.router.routes():
        if route.method not in _READING:
            continue
        path = route.resource.canonical.replace("{stream}", "live").replace("{id}", "none")
        response = await _half_a_body(client, route.method, path)
        status = response.split(b" ", 2)[1]
        assert status in (b"408", b"404"), (route.method, path, response)
        if status == b"408":
            assert b'"error": "slow_body"' in response
            assert b"connection: close" in response.lower()
            limited += 1
    assert limited >= 6


async def test_a_body_that_arrives_in_time_is_read() -> None:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await read_body(request))

    app = web.Application()
    app.router.add_post("/", echo)
    async with TestClient(TestServer(app)) as client:
        response = await client.post("/", data=b"body")
        assert await response.read() == b"body"


def test_bodies_are_read_in_one_place() -> None:
    folder = Path(http.__file__).parent
    readers = [
        file.name
        for file in folder.glob("*.py")
        if re.search(r"request\.(read|text|json|post|content)\b", file.read_text())
    ]
    assert readers == ["bodies.py"]
