"""A connection without a complete request ends, whether its client is silent or sends its headers slowly."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from acutance.server.http.connections import make_runner

_WITHOUT_REQUEST_S = 0.4
_PATIENCE_S = 20.0

type Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def client() -> AsyncIterator[Streams]:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text="hello")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = make_runner(app, without_request=_WITHOUT_REQUEST_S)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader, writer = await asyncio.open_connection(*runner.addresses[0])
    yield reader, writer
    writer.close()
    await runner.cleanup()


async def _send_slowly(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    for byte in b"X-Slow: 1\r\n" * 1000:
        writer.write(bytes([byte]))
        await asyncio.sleep(0.02)


async def _closed(reader: asyncio.StreamReader) -> bytes:
    """Return what arrives until the server closes the connection."""
    async with asyncio.timeout(_PATIENCE_S):
        try:
            return await reader.read()
        except ConnectionError:  # it closed while bytes of ours were on their way
            return b""


async def test_a_silent_connection_is_closed(client: Streams) -> None:
    assert await _closed(client[0]) == b""


async def test_headers_that_arrive_slowly_do_not_hold_a_connection(client: Streams) -> None:
    reader, writer = client
    sending = asyncio.create_task(_send_slowly(writer))
    assert await _closed(reader) == b""
    sending.cancel()


async def test_after_a_response_too(client: Streams) -> None:
    reader, writer = client
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await reader.readuntil(b"hello")).startswith(b"HTTP/1.1 200 OK\r\n")
    sending = asyncio.create_task(_send_slowly(writer))
    assert await _closed(reader) == b""
    sending.cancel()
