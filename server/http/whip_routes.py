"""Routes of WHIP, WHEP and sessions: only headers and status codes; `signalling` does the rest."""

from aiohttp import hdrs, web

from acutance.server.http.app_keys import HOST
from acutance.server.http.bodies import read_body
from acutance.server.http.guard import CLIENT
from acutance.server.rtc.connection import Connection
from acutance.server.sessions.publisher.publisher import Publisher
from acutance.server.sessions.streams import DEFAULT
from acutance.server.signalling import whep, whip

_STREAM = r"{stream:[^/]+}"


def add_routes(app: web.Application) -> None:
    """Add the routes to an application that has a `HOST`."""
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
    router.add_get("/ice-servers", _ice_servers)


def session_url(id: str) -> str:
    """Return the path of a session; it has no query, because some clients copy that into the path of the endpoint."""
    return f"/session/{id}"


async def _publish(request: web.Request) -> web.StreamResponse:
    stream = request.match_info.get("stream", DEFAULT)
    body = await read_body(request)
    return _created(await whip.publish(request.app[HOST], request[CLIENT], stream, request.content_type, body))


async def _watch(request: web.Request) -> web.StreamResponse:
    stream = request.match_info.get("stream", DEFAULT)
    variant = request.query.get("variant", "enhanced")
    body = await read_body(request)
    return _created(await whep.watch(request.app[HOST], request[CLIENT], stream, variant, request.content_type, body))


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
        _add_links(response, request.app[HOST].context.network.links())
    return response


async def _session_options(request: web.Request) -> web.StreamResponse:
    return web.Response(
        status=204, headers={hdrs.ALLOW: "PATCH, DELETE, GET, HEAD, OPTIONS", "Accept-Patch": whip.FRAGMENT}
    )


async def _session(request: web.Request) -> web.StreamResponse:
    _found(request)
    return web.Response(status=204)


async def _patch(request: web.Request) -> web.StreamResponse:
    headers = request.headers
    restarted = await whip.patch(
        _found(request),
        request.content_type,
        await read_body(request),
        headers.get(hdrs.IF_MATCH),
        headers.get(hdrs.ETAG),
    )
    if restarted is None:
        return web.Response(status=204)
    return web.Response(
        text=restarted.fragment,
        content_type=whip.FRAGMENT,
        headers={hdrs.ETAG: restarted.etag, hdrs.CACHE_CONTROL: "no-store"},
    )


async def _delete(request: web.Request) -> web.StreamResponse:
    await _found(request).close("the peer has ended it")
    return web.Response()


async def _forget(request: web.Request) -> web.StreamResponse:
    found = _found(request)
    if not isinstance(found, Publisher):
        raise web.HTTPNotFound
    found.forget()
    return web.Response(status=204)


def _found(request: web.Request) -> Connection:
    connection = request.app[HOST].registry.find(request.match_info["id"])
    if connection is None:
        raise web.HTTPNotFound
    return connection


async def _streams(request: web.Request) -> web.StreamResponse:
    return web.json_response({"streams": request.app[HOST].registry.streams.listed()})


async def _ice_servers(request: web.Request) -> web.StreamResponse:
    response = web.json_response({"iceServers": request.app[HOST].context.network.ice_servers()})
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def _add_links(response: web.Response, links: list[str]) -> None:
    for link in links:
        response.headers.add(hdrs.LINK, link)
