"""Limits of HTTP connections."""

import socket
from typing import override

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

# More than the 60 s after which nginx and AWS's load balancers close an idle connection to a server: if the server
# closed it first, a request could be lost. aiohttp's default is one hour.
_WITHOUT_REQUEST_S = 75.0
# The default of nginx's send_timeout. aiohttp and Linux have no limit: a client that acknowledges and never reads keeps
# its connection, the handler and up to a whole response in memory for ever.
_UNREAD_S = 60.0


class FileResponse(web.FileResponse):
    """A response with the content of a file. A connection that is lost meanwhile is not a failure of the server."""

    @override
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        try:
            return await super().prepare(request)
        except Exception as error:
            # asyncio's sendfile raises ETIMEDOUT, and an AttributeError where a TLS connection is lost (CPython 3.12).
            # aiohttp would log them as unhandled exceptions.
            if isinstance(error, TimeoutError) or request.transport is None:
                raise ConnectionError("the client is gone, or does not read") from error
            raise


def make_runner(
    app: web.Application,
    shutdown_timeout: float = 60.0,
    without_request: float = _WITHOUT_REQUEST_S,
    unread: float = _UNREAD_S,
) -> web.AppRunner:
    """Return the runner of an application, which closes connections that make no progress.

    The time without a request counts from the beginning of a connection, or from its last response, until the headers
    of a request have arrived. Bytes that arrive meanwhile do not extend it: a client that sends its headers slowly is
    closed too. Bodies have their own limit, see `BodyLimits`.

    Args:
        app: the application.
        shutdown_timeout: seconds that requests in progress may take when the server stops.
        without_request: seconds that a connection may exist without a complete request.
        unread: seconds that bytes of a response may wait for a client that reads none of them (Linux only).
    """

    async def limit_unread(request: web.Request, response: web.StreamResponse) -> None:
        connection = request.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            # Counted by the kernel, as only it knows what sendfile(2) has sent (RFC 5482, tcp(7)).
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(unread * 1000))

    app.on_response_prepare.append(limit_unread)
    return web.AppRunner(app, shutdown_timeout=shutdown_timeout, keepalive_timeout=without_request)
