"""A connection ends whose client is silent, sends its headers slowly, or does not read the response."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from acutance.server.http.connections import FileResponse, make_runner

_WITHOUT_REQUEST_S = 0.4
_UNREAD_S = 0.5
_PATIENCE_S = 20.0
_LARGE = bytes(8 << 20)  # more than the kernel buffers for both sides

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
async def large(tmp_path: Path) -> AsyncIterator[web.AppRunner]:
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
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield runner
    await runner.cleanup()


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """A socket with a small receive buffer."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
        connection.setblocking(False)
        yield connection


async def _request(connection: socket.socket, runner: web.AppRunner, path: str) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, runner.addresses[0])
    await loop.sock_sendall(connection, f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux only")
@pytest.mark.parametrize("path", ["/file", "/memory"])
async def test_a_client_that_does_not_read_does_not_hold_a_connection(
    large: web.AppRunner, connection: socket.socket, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    await _request(connection, large, path)
    server = large.server
    assert server is not None
    async with asyncio.timeout(_PATIENCE_S):
        while not server.connections:  # noqa: ASYNC110 - nothing signals it
            await asyncio.sleep(0.01)
        while server.connections:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize("path", ["/file", "/memory"])
async def test_a_client_that_reads_slowly_gets_the_whole_response(
    large: web.AppRunner, connection: socket.socket, path: str
) -> None:
    await _request(connection, large, path)
    loop, received = asyncio.get_running_loop(), bytearray()
    async with asyncio.timeout(_PATIENCE_S):
        for _ in range(15):  # three times the limit in seconds
            received += await loop.sock_recv(connection, 16 << 10)
            await asyncio.sleep(0.1)
        whole = received.index(b"\r\n\r\n") + 4 + len(_LARGE)
        while len(received) < whole and (more := await loop.sock_recv(connection, 1 << 20)):
            received += more
    assert len(received) == whole
