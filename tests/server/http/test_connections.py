"""A connection ends whose client is silent, sends its headers slowly, or does not read the response."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from acutance.server.http.connections import FileResponse, make_runner
from acutance.server.security.self_signed import self_signed

_WITHOUT_REQUEST_S = 0.4
_UNREAD_S = 0.5
_PATIENCE_S = 20.0
_LARGE = bytes(8 << 20)  # more than the kernel buffers for both sides
_SMALL = 16 << 10

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


@pytest.fixture
async def large(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[web.AppRunner]:
    """A server of the same bytes in a file and in memory."""
    stored = tmp_path / "large"
    stored.write_bytes(_LARGE)

    async def file(request: web.Request) -> web.StreamResponse:
        return FileResponse(stored)

    async def memory(request: web.Request) -> web.StreamResponse:
        return web.Response(body=_LARGE)

    app = web.Application()
    app.router.add_get("/file", file)
    app.router.add_get("/memory", memory)
    runner = make_runner(app, unread=_UNREAD_S)
    await runner.setup()
    context = self_signed().context if getattr(request, "param", "http") == "https" else None
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield runner
    await runner.cleanup()


async def _request(runner: web.AppRunner, path: str) -> Streams:
    """Send a request from a socket with a small receive buffer."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, runner.addresses[0])
    context = None
    if any(site.name.startswith("https") for site in runner.sites):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(
        sock=connection, ssl=context, server_hostname="localhost" if context else None, limit=_SMALL
    )
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return reader, writer


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux only")
@pytest.mark.parametrize("path", ["/file", "/memory"])
@pytest.mark.parametrize("large", ["http", "https"], indirect=True)
async def test_a_client_that_does_not_read_does_not_hold_a_connection(
    large: web.AppRunner, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await _request(large, path)
    await reader.readuntil(b"\r\n\r\n")
    server = large.server
    assert server is not None
    async with asyncio.timeout(_PATIENCE_S):
        while server.connections:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.01)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    writer.transport.abort()


@pytest.mark.parametrize("path", ["/file", "/memory"])
async def test_a_client_that_reads_slowly_gets_the_whole_response(large: web.AppRunner, path: str) -> None:
    reader, writer = await _request(large, path)
    await reader.readuntil(b"\r\n\r\n")
    received = 0
    async with asyncio.timeout(_PATIENCE_S):
        for _ in range(15):  # three times the limit in seconds
            received += len(await reader.read(_SMALL))
            await asyncio.sleep(0.1)
        await reader.readexactly(len(_LARGE) - received)
    writer.transport.abort()
