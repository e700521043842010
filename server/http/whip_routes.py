"""Routes of WHIP, WHEP and sessions: only headers and status codes; `signalling` does the rest."""

from aiohttp import hdrs, web

from acutance.server.http.app_keys import DOOR
from acutance.server.http.bodies import read_body
from acutance.server.http.guard import CLIENT
from acutance.server.sessions.streams import DEFAULT
from acutance.server.signalling import whip
from acutance.server.signalling.requests import (
    DeleteLearned,
    EndSession,
    FindSession,
    ForgetFrames,
    ListStreams,
    PatchSession,
    PublishStream,
    WatchStream,
)

_STREAM = r"{stream:[^/]+}"


def add_routes(app: web.Application) -> None:
    """Add the routes to an application that has a `DOOR`."""
    router = app.router
    for path in ("/whip", f"/whip/{_STREAM}"):
        router.add_post(path, _publish)
        router.add_get(path, _nothing)
        router.add_route(hdrs.METH_OPTIONS, path, _endpoint_options)
    for path in ("/whep", f"/whep/{_STREAM}"):
        router.add_post(path, _watch)
        router.add_get(path, _nothing, allow_head=False)
        router.add_head(path, _discover)
        router.add_route(hdrs.METH_OPTIONS, path, _endpoint_options)
    router.add_get("/session/{id}", _session)
    router.add_patch("/session/{id}", _patch)
    router.add_delete("/session/{id}", _delete)
    router.add_route(hdrs.METH_OPTIONS, "/session/{id}", _session_options)
    router.add_delete("/session/{id}/memory", _forget)
    router.add_get("/streams", _streams)
    router.add_delete(f"/streams/{_STREAM}/learned", _delete_learned)
    router.add_get("/ice-servers", _ice_servers)


def session_url(id: str) -> str:
    """Return the path of a session; it has no query, because some clients copy that into the path of the endpoint."""
    return f"/session/{id}"


async def _publish(request: web.Request) -> web.StreamResponse:
    stream = request.match_info.get("stream", DEFAULT)
    body = await read_body(request)
    asked = PublishStream(client=request[CLIENT], stream=stream, content_type=request.content_type, body=body)
    return _created(await request.app[DOOR].ask(asked))


async def _watch(request: web.Request) -> web.StreamResponse:
    stream = request.match_info.get("stream", DEFAULT)
    variant = request.query.get("variant", "enhanced")
    body = await read_body(request)
    content_type = request.content_type
    asked = WatchStream(client=request[CLIENT], stream=stream, variant=variant, content_type=content_type, body=body)
    return _created(await request.app[DOOR].ask(asked))


def _created(created: whip.Created) -> web.Response:
    response = web.Response(
        status=201,
        text=created.answer,
        content_type=whip.SDP,
        headers={hdrs.LOCATION: session_url(created.id), hdrs.ETAG: created.etag},
    )
    _add_links(response, created.links)
    # The answer is valid only for this peer and this connection.
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


async def _nothing(request: web.Request) -> web.StreamResponse:
    # RFC 9725, section 4.1: GET and HEAD get a 2xx response without content.
    return web.Response(status=204)


async def _discover(request: web.Request) -> web.StreamResponse:
    return web.Response(headers={hdrs.CONTENT_TYPE: whip.SDP})


async def _endpoint_options(request: web.Request) -> web.StreamResponse:
    response = web.Response(status=204, headers={hdrs.ALLOW: "POST, GET, HEAD, OPTIONS", "Accept-Post": whip.SDP})
    # RFC 9725, section 4.6. A preflight has no token and must not see TURN credentials.
    if hdrs.ACCESS_CONTROL_REQUEST_METHOD not in request.headers:
        _add_links(response, request.app[DOOR].network.links())
    return response


async def _session_options(request: web.Request) -> web.StreamResponse:
    return web.Response(
        status=204, headers={hdrs.ALLOW: "PATCH, DELETE, GET, HEAD, OPTIONS", "Accept-Patch": whip.FRAGMENT}
    )


async def _session(request: web.Request) -> web.StreamResponse:
    await request.app[DOOR].ask(FindSession(id=request.match_info["id"]))
    return web.Response(status=204)


async def _patch(request: web.Request) -> web.StreamResponse:
    headers = request.headers
    asked = PatchSession(
        id=request.match_info["id"],
        content_type=request.content_type,
        body=await read_body(request),
        if_match=headers.get(hdrs.IF_MATCH),
        etag=headers.get(hdrs.ETAG),
    )
    restarted = await request.app[DOOR].ask(asked)
    if restarted is None:
        return web.Response(status=204)
    return web.Response(
        text=restarted.fragment,
        content_type=whip.FRAGMENT,
        headers={hdrs.ETAG: restarted.etag, hdrs.CACHE_CONTROL: "no-store"},
    )


async def _delete(request: web.Request) -> web.StreamResponse:
    await request.app[DOOR].ask(EndSession(id=request.match_info["id"]))
    return web.Response()


async def _forget(request: web.Request) -> web.StreamResponse:
    await request.app[DOOR].ask(ForgetFrames(id=request.match_info["id"]))
    return web.Response(status=204)


async def _streams(request: web.Request) -> web.StreamResponse:
    return web.json_response({"streams": await request.app[DOOR].ask(ListStreams())})


async def _delete_learned(request: web.Request) -> web.StreamResponse:
    if not await request.app[DOOR].ask(DeleteLearned(stream=request.match_info["stream"])):
        raise web.HTTPNotFound
    return web.Response(status=204)


async def _ice_servers(request: web.Request) -> web.StreamResponse:
    response = web.json_response({"iceServers": request.app[DOOR].network.ice_servers()})
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def _add_links(response: web.Response, links: list[str]) -> None:
    for link in links:
        response.headers.add(hdrs.LINK, link)
