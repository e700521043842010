"""Ingests that redirect a forward, or answer unexpectedly: it goes to no other host, and is retried."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from acutance.server.encoding.fan_out import FanOut
from acutance.server.forward.forward import Forward, Ingest, State
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.ice import Network


class Site:
    """A server that answers every request alike, and records the paths and tokens of the requests."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str | None]] = []
        self.location = ""

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append((request.path, request.headers.get("Authorization")))
        return web.Response(status=307, headers={"Location": self.location})


async def _site() -> AsyncIterator[tuple[Site, TestServer]]:
    site, app = Site(), web.Application()
    app.router.add_route("*", "/{rest:.*}", site.answer)
    async with TestServer(app) as server:
        yield site, server


@pytest.fixture
async def ingest() -> AsyncIterator[tuple[Site, TestServer]]:
    async for each in _site():
        yield each


@pytest.fixture
async def other() -> AsyncIterator[tuple[Site, TestServer]]:
    async for each in _site():
        yield each


async def _tried_once(ingest: Ingest) -> Forward:
    """Run a forward until it waits for its second attempt, and return its state at that time."""
    waiting = asyncio.Event()

    async def sleep(_: float) -> None:
        waiting.set()
        await asyncio.Event().wait()

    fan_out = FanOut(lambda *_: pytest.fail("nothing is encoded"), lambda _: None, lambda: None)
    forward = Forward("stage", ingest, fan_out, Network(), Limits(), sleep)
    running = asyncio.create_task(forward.run(""))
    try:
        async with asyncio.timeout(20):
            done, _ = await asyncio.wait(
                {running, asyncio.create_task(waiting.wait())}, return_when=asyncio.FIRST_COMPLETED
            )
        assert running not in done, running.exception()
    finally:
        running.cancel()
        await asyncio.wait([running])
    return forward


@pytest.mark.parametrize("location", ["http://[", "http://a:99999/", "mailto:a"])
async def test_a_redirect_to_what_is_no_address_is_tried_again(
    ingest: tuple[Site, TestServer], location: str, caplog: pytest.LogCaptureFixture
) -> None:
    site, server = ingest
    site.location = location
    forward = await _tried_once(Ingest(str(server.make_url("/whip"))))
    assert forward.state is State.WAITING
    assert "no web address" in caplog.text


async def test_an_unexpected_error_is_logged_and_the_forward_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("acutance.server.client.whip.fetch", broken)
    forward = await _tried_once(Ingest("http://ingest.example/whip"))
    assert forward.state is State.WAITING
    assert "ZeroDivisionError" in caplog.text, "with its traceback: it is a defect of this server"


async def test_the_configured_ingest_cannot_send_the_server_elsewhere(
    ingest: tuple[Site, TestServer], other: tuple[Site, TestServer], caplog: pytest.LogCaptureFixture
) -> None:
    (site, server), (inside, within) = ingest, other
    site.location = str(within.make_url("/admin"))
    await _tried_once(Ingest(str(server.make_url("/whip")), "letmein"))
    assert inside.requests == []
    assert "is not allowed" in caplog.text


async def test_a_redirect_to_an_allowed_host_is_followed_without_the_token(
    ingest: tuple[Site, TestServer], other: tuple[Site, TestServer]
) -> None:
    (site, server), (node, elsewhere) = ingest, other
    site.location, node.location = str(elsewhere.make_url("/node")), "/node"

    def allow(url: URL) -> bool:
        return url.port == elsewhere.port

    await _tried_once(Ingest(str(server.make_url("/whip")), "letmein", allow))
    assert site.requests == [("/whip", "Bearer letmein")]
    assert set(node.requests) == {("/node", None)}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:secret@ingest.example/whip/{stream}?key=secret", "https://ingest.example/whip/stage"),
        ("http://[", "an invalid URL"),
    ],
)
def test_an_ingest_is_shown_without_its_secrets(url: str, shown: str) -> None:
    fan_out = FanOut(lambda *_: pytest.fail("nothing is encoded"), lambda _: None, lambda: None)
    assert Forward("stage", Ingest(url), fan_out, Network(), Limits()).shown == shown
