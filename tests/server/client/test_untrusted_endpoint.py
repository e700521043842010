"""Endpoints with harmful answers: invalid URLs, other origins, endless bodies."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from acutance.server.client.offer import OfferClient
from acutance.server.client.whip import SignallingError, WhipClient
from acutance.server.security.bounded_fetch import FetchedResponse

ANSWER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
BAD_LOCATIONS = ["http://[", "http://a:99999/", "mailto:somebody", "ftp://127.0.0.1/session"]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """Answers each path with a handler of the test, and records method, path and token of each request."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path, request.headers.get("Authorization")))
        return await self.handlers[request.path](request)

    def answer(self, path: str, status: int, text: str = "", **headers: str) -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            return web.Response(status=status, text=text, headers=headers)

        self.handlers[path] = handler


async def _running() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    async with TestServer(app) as listening:
        server.url = str(listening.make_url("")).rstrip("/")
        yield server


@pytest.fixture
async def ingest() -> AsyncIterator[Server]:
    async for server in _running():
        yield server


@pytest.fixture
async def other() -> AsyncIterator[Server]:
    async for server in _running():
        yield server


@pytest.mark.parametrize("location", BAD_LOCATIONS)
@pytest.mark.parametrize("status", [201, 307])
async def test_a_location_that_is_no_web_address_is_a_signalling_error(
    ingest: Server, status: int, location: str
) -> None:
    ingest.answer("/whip", status, ANSWER, Location=location)
    async with WhipClient(f"{ingest.url}/whip") as client:
        with pytest.raises(SignallingError, match="Location"):
            await client.offer("v=0")


async def test_a_session_url_of_offer_that_is_no_web_address_is_a_signalling_error(ingest: Server) -> None:
    ingest.answer("/offer", 200, '{"type": "answer", "sdp": "v=0", "url": "http://["}')
    async with OfferClient(ingest.url) as client:
        with pytest.raises(SignallingError, match="session"):
            await client.offer("v=0")


@pytest.mark.parametrize("listed", ['{"iceServers": [{}]}', '{"iceServers": 7}', '{"iceServers": ["stun:a"]}'])
async def test_a_list_of_ice_servers_that_cannot_be_read_is_a_signalling_error(ingest: Server, listed: str) -> None:
    ingest.answer("/ice-servers", 200, listed)
    async with OfferClient(ingest.url) as client:
        with pytest.raises(SignallingError, match="iceServers"):
            await client.ice_servers()


async def test_a_retry_after_in_other_digits_is_ignored(ingest: Server) -> None:
    async def full(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.write(b"HTTP/1.1 503 Full\r\nRetry-After: \xc2\xb2\r\nContent-Length: 0\r\n\r\n")
        request.transport.close()
        return web.Response()

    ingest.handlers["/whip"] = full
    async with WhipClient(f"{ingest.url}/whip") as client:
        with pytest.raises(SignallingError, match="503") as refused:
            await client.offer("v=0")
    assert refused.value.retry_after is None


async def test_a_redirect_to_another_origin_does_not_carry_the_token(ingest: Server, other: Server) -> None:
    ingest.answer("/whip", 307, Location=f"{other.url}/whip")
    other.answer("/whip", 201, ANSWER, Location="/session")
    other.answer("/session", 200)
    async with WhipClient(f"{ingest.url}/whip", "secret") as client:
        await client.offer("v=0")
    assert ingest.requests == [("POST", "/whip", "Bearer secret")]
    assert other.requests == [("POST", "/whip", None), ("DELETE", "/session", None)]


async def test_the_end_of_a_session_at_another_origin_does_not_carry_the_token(ingest: Server, other: Server) -> None:
    ingest.answer("/whip", 201, ANSWER, Location=f"{other.url}/session")
    other.answer("/session", 200)
    async with WhipClient(f"{ingest.url}/whip", "secret") as client:
        await client.offer("v=0")
    assert other.requests == [("DELETE", "/session", None)]


async def test_a_refusal_after_a_redirect_tells_that_the_token_was_not_sent(ingest: Server, other: Server) -> None:
    ingest.answer("/whip", 307, Location=f"{other.url}/whip")
    other.answer("/whip", 401)
    async with WhipClient(f"{ingest.url}/whip", "secret") as client:
        with pytest.raises(SignallingError, match=r"the token is sent to .* only"):
            await client.offer("v=0")


async def test_cookies_of_a_response_are_not_sent_with_the_next_request(ingest: Server) -> None:
    cookies: list[str | None] = []

    async def session(request: web.Request) -> web.StreamResponse:
        cookies.append(request.headers.get("Cookie"))
        return web.Response()

    ingest.answer("/whip", 201, ANSWER, Location="/session", **{"Set-Cookie": "a=b"})
    ingest.handlers["/session"] = session
    async with WhipClient(f"{ingest.url}/whip") as client:
        await client.offer("v=0")
    assert cookies == [None]


async def test_an_endless_response_is_abandoned_after_the_size_limit(ingest: Server) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(status=201, headers={"Location": "/session"})
        await response.prepare(request)
        while sent < 64 << 20:
            await response.write(b"v=0\r\n" * 13_000)
            sent += 65_000
        return response

    ingest.handlers["/whip"] = endless
    async with WhipClient(f"{ingest.url}/whip") as client:
        with pytest.raises(SignallingError, match="longer than 262144 bytes"):
            await client.offer("v=0")
    assert sent < 32 << 20


async def test_a_compressed_response_is_refused_before_it_is_decompressed(ingest: Server) -> None:
    async def packed(request: web.Request) -> web.StreamResponse:
        headers = {"Location": "/session", "Content-Encoding": "deflate"}
        return web.Response(status=201, body=zlib.compress(bytes(1 << 20)), headers=headers)

    ingest.handlers["/whip"] = packed
    async with WhipClient(f"{ingest.url}/whip") as client:
        with pytest.raises(SignallingError, match="compressed"):
            await client.offer("v=0")


async def test_a_slow_response_is_abandoned_after_the_time_limit(ingest: Server) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=201, headers={"Location": "/session"})
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"v")
            await asyncio.sleep(0.01)
        return response

    ingest.handlers["/whip"] = slow
    async with WhipClient(f"{ingest.url}/whip", seconds=0.2) as client:
        with pytest.raises(SignallingError, match="timed out"):
            await client.offer("v=0")


async def test_redirects_share_one_limit_in_seconds(ingest: Server) -> None:
    async def slow(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.15)
        return web.Response(status=307, headers={"Location": "/whip"})

    ingest.handlers["/whip"] = slow
    async with WhipClient(f"{ingest.url}/whip", seconds=0.4) as client:
        with pytest.raises(SignallingError, match="timed out"):
            await client.offer("v=0")
    assert len(ingest.requests) <= 4


async def test_messages_hide_what_an_address_holds_secret(ingest: Server) -> None:
    address = ingest.url.replace("http://", "http://user:hidden@")
    ingest.answer("/whip", 401, "no")
    async with WhipClient(f"{address}/whip?key=alsohidden") as client:
        with pytest.raises(SignallingError) as refused:
            await client.offer("v=0")
    assert "hidden" not in str(refused.value)
    assert f"{ingest.url}/whip refused with 401" in str(refused.value)


async def test_a_redirect_from_https_to_http_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def fetch(method: str, url: URL, **_: object) -> FetchedResponse:
        asked.append(str(url))
        return FetchedResponse(307, CIMultiDictProxy(CIMultiDict(Location="http://ingest.example/whip")), b"")

    monkeypatch.setattr("acutance.server.client.whip.fetch", fetch)
    async with WhipClient("https://ingest.example/whip", "secret") as client:
        with pytest.raises(SignallingError, match="unprotected"):
            await client.offer("v=0")
    assert asked == ["https://ingest.example/whip"]
