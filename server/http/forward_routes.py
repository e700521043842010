"""Routes of forwards: start one, list them, end one."""

from aiohttp import hdrs, web

from acutance.server.forward.rules import ForwardRules
from acutance.server.http.app_keys import FORWARDING, HOST
from acutance.server.http.bodies import read_body
from acutance.server.http.guard import CLIENT
from acutance.server.signalling import forward_requests

_PATH = r"/streams/{stream:[^/]+}/forwards"


def add_routes(app: web.Application, rules: ForwardRules) -> None:
    """Add the routes to an application that has a `HOST`."""
    app[FORWARDING] = rules
    app.router.add_post(_PATH, _begin)
    app.router.add_get(_PATH, _list)
    app.router.add_delete(_PATH + "/{id}", _end)


async def _begin(request: web.Request) -> web.StreamResponse:
    app, stream = request.app, request.match_info["stream"]
    body = await read_body(request)
    forward = forward_requests.begin(app[HOST], app[FORWARDING], request[CLIENT].caller, stream, body)
    location = f"{request.path}/{forward['id']}"
    return web.json_response(forward, status=201, headers={hdrs.LOCATION: location, hdrs.CACHE_CONTROL: "no-store"})


async def _list(request: web.Request) -> web.StreamResponse:
    app, stream = request.app, request.match_info["stream"]
    forwards = forward_requests.listed(app[HOST], app[FORWARDING], request[CLIENT].caller, stream)
    return web.json_response({"forwards": forwards}, headers={hdrs.CACHE_CONTROL: "no-store"})


async def _end(request: web.Request) -> web.StreamResponse:
    app, path = request.app, request.match_info
    if not await forward_requests.end(app[HOST], app[FORWARDING], request[CLIENT].caller, path["stream"], path["id"]):
        raise web.HTTPNotFound
    return web.Response()
