"""The HTTP side: routes and middleware, nothing else."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from acutance.server.errors import RequestError
from acutance.server.forward.rules import ForwardRules
from acutance.server.http import forward_routes
from acutance.server.http.aiohttp_private import refuse_expectations
from acutance.server.http.app_keys import HOST
from acutance.server.http.bodies import BODY_LIMITS, BodyLimits, read_body
from acutance.server.http.guard import CALLER, CLIENT, Guard
from acutance.server.http.health import details, state
from acutance.server.http.metrics import CONTENT_TYPE, Metrics
from acutance.server.http.responses import refusal as _error
from acutance.server.http.responses import refusal_of
from acutance.server.http.whip_routes import add_routes, session_url
from acutance.server.sessions.admission import FullError
from acutance.server.sessions.host import Host
from acutance.server.signalling.offer import read_offer

log = logging.getLogger(__name__)

METRICS = web.AppKey("metrics", Metrics)
STATIC = Path(__file__).resolve().parents[2] / "static"
OPENAPI = Path(__file__).parent / "openapi.json"
_LONGEST_ECHO = 200
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "worker-src 'self'; media-src 'self' blob: mediastream:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
    "X-Frame-Options": "DENY",  # for what does not know frame-ancestors
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not which versions there are to attack.
    "Server": "acutance",
}
# The page and its modules change together: a browser must ask each time. All else is of one moment and one caller.
_KEEPING = {"/": "no-cache", "/static/{path}": "no-cache"}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(
    host: Host, guard: Guard | None = None, bodies: BodyLimits | None = None, forwarding: ForwardRules | None = None
) -> web.Application:
    """Return the application; it starts ``host`` with itself and closes it at its end.

    Args:
        host: the sessions.
        guard: who may what; None lets everybody in.
        bodies: limits of request bodies; None for the defaults.
        forwarding: who may send streams on by request, and whereto; None for nobody.
    """
    guard = guard or Guard()
    bodies = bodies or BodyLimits()
    app = web.Application(middlewares=[_headers, guard.middleware(), _errors], client_max_size=bodies.largest)
    app[BODY_LIMITS] = bodies
    app[HOST] = host
    app[METRICS] = Metrics(host, guard.refusals)
    app.router.add_get("/", _page)
    app.router.add_post("/offer", _offer)
    app.router.add_get("/health", _health)
    app.router.add_get("/ready", _ready)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/openapi.json", _openapi)
    add_routes(app)
    forward_routes.add_routes(app, forwarding or ForwardRules())
    app.router.add_get("/static/{path:.+}", _static)
    refuse_expectations(app)
    app.on_startup.append(_start)
    app.on_shutdown.append(_stop)
    return app


async def _page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html")


async def _static(request: web.Request) -> web.StreamResponse:
    # aiohttp's own route answers a name that no file can have (too long, with a NUL) with nothing at all.
    file = STATIC / request.match_info["path"]
    try:
        file = file.resolve(strict=True)
    except (OSError, ValueError):
        raise web.HTTPNotFound from None
    if not file.is_relative_to(STATIC) or not file.is_file():
        raise web.HTTPNotFound
    return web.FileResponse(file)


async def _offer(request: web.Request) -> web.StreamResponse:
    offer = read_offer(await read_body(request))
    session, sdp = await request.app[HOST].publish(request[CLIENT], offer.description, offer.settings, offer.stream)
    return web.json_response(
        {"sdp": sdp, "type": "answer", "session": session.name, "url": session_url(session.id)},
        headers={"Cache-Control": "no-store"},
    )


async def _health(request: web.Request) -> web.StreamResponse:
    host = request.app[HOST]
    # Who has no right to use the server learns that it lives, and nothing of who else uses it.
    return web.json_response(state(host) | (details(host) if CALLER in request else {}))


async def _ready(request: web.Request) -> web.StreamResponse:
    said = state(request.app[HOST])
    return web.json_response(said, status=200 if said["ready"] else 503)


async def _metrics(request: web.Request) -> web.StreamResponse:
    return web.Response(body=request.app[METRICS].text(), headers={"Content-Type": CONTENT_TYPE})


async def _openapi(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(OPENAPI)


@web.middleware
async def _headers(request: web.Request, handler: _Handler) -> web.StreamResponse:
    response = await handler(request)
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    resource = request.match_info.route.resource
    kept = _KEEPING.get(resource.canonical) if resource is not None and response.status < 400 else None
    response.headers.setdefault("Cache-Control", kept or "no-store")
    return response


@web.middleware
async def _errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except RequestError as error:
        if isinstance(error, FullError) and error.elsewhere is not None:
            return _error(307, "elsewhere", str(error), {"Location": error.elsewhere.rstrip("/") + request.path_qs})
        return refusal_of(error)
    except web.HTTPRequestEntityTooLarge:
        most = request.client_max_size
        return _error(413, "too_large", f"The body is larger than {most} bytes: no offer is.")
    except (web.RequestPayloadError, ConnectionResetError):  # its sender may have gone before all of it was here
        return _error(400, "bad_body", "The body is not what its headers say: no such encoding, or it is cut off.")
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        message = f"{request.method} is not served here, only {allowed}."
        return _error(405, "method_not_allowed", message, {"Allow": allowed})
    except web.HTTPNotFound:
        return _error(404, "not_found", f"There is nothing at {request.path[:_LONGEST_ECHO]}.")
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _error(error.status, "http", f"{error.reason}.")
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return _error(500, "internal", "The server failed on this request; its log says why.")


async def _start(app: web.Application) -> None:
    app[HOST].start()


async def _stop(app: web.Application) -> None:
    await app[HOST].close()
