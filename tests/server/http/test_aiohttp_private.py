"""Contracts with the private and replaced names of aiohttp."""

import asyncio
import inspect

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from acutance.server.http.aiohttp_private import refuse_expectations


def test_the_router_is_called_through_the_instance_and_before_the_expect_handler() -> None:
    source = inspect.getsource(web.Application._handle)
    assert source.index("self._router.resolve(request)") < source.index("match_info.expect_handler(request)")


@pytest.mark.parametrize(("value", "status"), [(b"a miracle", 417), (b"\xff\xfe", 417), (b"100-Continue", 100)])
async def test_an_unknown_expectation_is_refused(value: bytes, status: int) -> None:
    app = web.Application()

    async def take(request: web.Request) -> web.Response:
        return web.Response(text="taken")

    app.router.add_post("/", take)
    refuse_expectations(app)
    async with TestServer(app) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: " + value + b"\r\n\r\n")
        answer = await reader.readline()
        writer.close()
    assert int(answer.split()[1]) == status
