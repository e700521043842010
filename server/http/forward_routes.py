"""Routes of forwards: start one, list them, end one."""

from aiohttp import hdrs, web

from acutance.server.http.app_keys import DOOR
from acutance.server.http.bodies import read_body
from acutance.server.http.guard import CLIENT
from acutance.server.signalling.requests import BeginForward, EndForward, ListForwards

_PATH = r"/streams/{stream:[^/]+}/forwards"


def add_routes(app: web.Application) -> None:
    """Add the routes to an application that has a `DOOR`."""
    app.router.add_post(_PATH, _begin)
    app.router.add_get(_PATH, _list)
    app.router.add_delete(_PATH + "/{id}", _end)


async def _begin(request: web.Request) -> web.StreamResponse:
    stream, body = request.match_info["stream"], await read_body(request)
    forward = await request.app[DOOR].ask(BeginForward(caller=request[CLIENT].caller, stream=stream, body=body))
    location = f"{request.path}/{forward['id']}"
    return web.json_response(forward, status=201, headers={hdrs.LOCATION: location, hdrs.CACHE_CONTROL: "no-store"})


async def _list(request: web.Request) -> web.StreamResponse:
    stream = request.match_info["stream"]
    forwards = await request.app[DOOR].ask(ListForwards(caller=request[CLIENT].caller, stream=stream))
    return web.json_response({"forwards": forwards}, headers={hdrs.CACHE_CONTROL: "no-store"})


async def _end(request: web.Request) -> web.StreamResponse:
    path = request.match_info
    if not await request.app[DOOR].ask(EndForward(caller=request[CLIENT].caller, stream=path["stream"], id=path["id"])):
        raise web.HTTPNotFound
    return web.Response()
