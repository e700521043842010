"""Limits of HTTP connections."""

from aiohttp import web

# More than the 60 s after which nginx and AWS's load balancers close an idle connection to a server: if the server
# closed it first, a request could be lost. aiohttp's default is one hour.
_WITHOUT_REQUEST_S = 75.0


def make_runner(
    app: web.Application, shutdown_timeout: float = 60.0, without_request: float = _WITHOUT_REQUEST_S
) -> web.AppRunner:
    """Return the runner of an application, which closes connections that send no complete request.

    The time counts from the beginning of a connection, or from its last response, until the headers of a request have
    arrived. Bytes that arrive meanwhile do not extend it: a client that sends its headers slowly is closed too. Bodies
    have their own limit, see `BodyLimits`.

    Args:
        app: the application.
        shutdown_timeout: seconds that requests in progress may take when the server stops.
        without_request: seconds that a connection may exist without a complete request.
    """
    return web.AppRunner(app, shutdown_timeout=shutdown_timeout, keepalive_timeout=without_request)
