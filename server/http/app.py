"""The HTTP application and its routes."""

from pathlib import Path

from aiohttp import web

from acutance.server.forward.rules import ForwardRules
from acutance.server.http import forward_routes
from acutance.server.http.aiohttp_private import refuse_expectations
from acutance.server.http.app_keys import HOST
from acutance.server.http.bodies import BODY_LIMITS, BodyLimits, read_body
from acutance.server.http.connections import FileResponse
from acutance.server.http.guard import CLIENT, Guard
from acutance.server.http.health import details, state
from acutance.server.http.metrics import CONTENT_TYPE, Metrics
from acutance.server.http.middleware import add_headers, answer_errors
from acutance.server.http.static_files import STATIC, static_file
from acutance.server.http.whip_routes import add_routes, session_url
from acutance.server.sessions.host import Host
from acutance.server.signalling.offer import read_offer

METRICS = web.AppKey("metrics", Metrics)
OPENAPI = Path(__file__).parent / "openapi.json"


def create_app(
    host: Host, guard: Guard | None = None, bodies: BodyLimits | None = None, forwarding: ForwardRules | None = None
) -> web.Application:
    """Return the application; ``host`` starts and closes with it.

    Args:
        host: the sessions of the server.
        guard: checks each request; None admits every client.
        bodies: limits of request bodies; None for the defaults.
        forwarding: who may request forwarding, and to which hosts; None for no one.
    """
    guard = guard or Guard()
    bodies = bodies or BodyLimits()
    app = web.Application(middlewares=[add_headers, guard.middleware(), answer_errors], client_max_size=bodies.largest)
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
    app.router.add_get("/static/{path:.+}", static_file)
    refuse_expectations(app)
    app.on_startup.append(_start)
    app.on_shutdown.append(_stop)
    return app


async def _page(request: web.Request) -> web.StreamResponse:
    return FileResponse(STATIC / "index.html")


async def _offer(request: web.Request) -> web.StreamResponse:
    offer = read_offer(await read_body(request))
    session, sdp = await request.app[HOST].publish(request[CLIENT], offer.description, offer.settings, offer.stream)
    return web.json_response(
        {"sdp": sdp, "type": "answer", "session": session.name, "url": session_url(session.id)},
        headers={"Cache-Control": "no-store"},
    )


async def _health(request: web.Request) -> web.StreamResponse:
    host = request.app[HOST]
    # A client without a token gets only the state, nothing about configuration and other clients.
    current = state(host)
    return web.json_response(
        current | (details(host) if CLIENT in request else {}), status=200 if current["live"] else 503
    )


async def _ready(request: web.Request) -> web.StreamResponse:
    current = state(request.app[HOST])
    return web.json_response(current, status=200 if current["ready"] else 503)


async def _metrics(request: web.Request) -> web.StreamResponse:
    return web.Response(body=request.app[METRICS].text(), headers={"Content-Type": CONTENT_TYPE})


async def _openapi(request: web.Request) -> web.StreamResponse:
    return FileResponse(OPENAPI)


async def _start(app: web.Application) -> None:
    app[HOST].start()


async def _stop(app: web.Application) -> None:
    await app[HOST].close()
