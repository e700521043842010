"""The HTTP application and its routes."""

from pathlib import Path

from aiohttp import web

from acutance.server.forward.rules import ForwardRules
from acutance.server.http import forward_routes
from acutance.server.http.aiohttp_private import refuse_expectations
from acutance.server.http.app_keys import DOOR, HOST
from acutance.server.http.bodies import BODY_LIMITS, BodyLimits, read_body
from acutance.server.http.connections import FileResponse
from acutance.server.http.guard import CLIENT, Guard
from acutance.server.http.local_door import LocalDoor
from acutance.server.http.metrics import CONTENT_TYPE
from acutance.server.http.middleware import add_headers, answer_errors
from acutance.server.http.pages import add_pages
from acutance.server.http.whip_routes import add_routes, session_url
from acutance.server.sessions.host import Host
from acutance.server.signalling.door import Door
from acutance.server.signalling.requests import ListNodes, OfferSession, ReadHealth, ReadMetrics

OPENAPI = Path(__file__).parent / "openapi.json"


def create_app(
    host: Host, guard: Guard | None = None, bodies: BodyLimits | None = None, forwarding: ForwardRules | None = None
) -> web.Application:
    """Return the application for sessions of this process; ``host`` starts and closes with it.

    Args:
        host: the sessions of the server.
        guard: checks each request; None admits every client.
        bodies: limits of request bodies; None for the defaults.
        forwarding: who may request forwarding, and to which hosts; None for no one.
    """
    guard = guard or Guard()
    app = create_door_app(LocalDoor(host, forwarding or ForwardRules(), guard.refusals), guard, bodies)
    app[HOST] = host
    return app


def create_door_app(door: Door, guard: Guard, bodies: BodyLimits | None = None) -> web.Application:
    """Return the application; ``door`` starts and closes with it.

    Args:
        door: takes the requests for sessions.
        guard: checks each request.
        bodies: limits of request bodies; None for the defaults.
    """
    bodies = bodies or BodyLimits()
    app = web.Application(middlewares=[add_headers, guard.middleware(), answer_errors], client_max_size=bodies.largest)
    app[BODY_LIMITS] = bodies
    app[DOOR] = door
    add_pages(app, guard.origins.embedders)
    app.router.add_post("/offer", _offer)
    app.router.add_get("/health", _health)
    app.router.add_get("/ready", _ready)
    app.router.add_get("/metrics", _metrics)
    app.router.add_get("/cluster", _cluster)
    app.router.add_get("/openapi.json", _openapi)
    add_routes(app)
    forward_routes.add_routes(app)
    refuse_expectations(app)
    app.on_startup.append(_start)
    app.on_shutdown.append(_stop)
    return app


async def _offer(request: web.Request) -> web.StreamResponse:
    body = await read_body(request)
    offered = await request.app[DOOR].ask(OfferSession(client=request[CLIENT], body=body))
    return web.json_response(
        {"sdp": offered.sdp, "type": "answer", "session": offered.name, "url": session_url(offered.id)},
        headers={"Cache-Control": "no-store"},
    )


async def _health(request: web.Request) -> web.StreamResponse:
    # A client without a token gets only the state, nothing about configuration and other clients.
    current = await request.app[DOOR].ask(ReadHealth(details=CLIENT in request))
    return web.json_response(current, status=200 if current["live"] else 503)


async def _ready(request: web.Request) -> web.StreamResponse:
    current = await request.app[DOOR].ask(ReadHealth())
    return web.json_response(current, status=200 if current["ready"] else 503)


async def _metrics(request: web.Request) -> web.StreamResponse:
    text = await request.app[DOOR].ask(ReadMetrics())
    return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})


async def _cluster(request: web.Request) -> web.StreamResponse:
    return web.json_response({"nodes": await request.app[DOOR].ask(ListNodes())})


async def _openapi(request: web.Request) -> web.StreamResponse:
    return FileResponse(OPENAPI)


async def _start(app: web.Application) -> None:
    await app[DOOR].start()


async def _stop(app: web.Application) -> None:
    await app[DOOR].close()
