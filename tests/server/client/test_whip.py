"""The client of WHIP and WHEP against small servers that answer like deployed ones."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from acutance.server.client.links import parse_links
from acutance.server.client.offer import OfferClient
from acutance.server.client.refusal import refusal_text
from acutance.server.client.whip import SignallingError, WhipClient

ANSWER = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\n"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Endpoint:
    """Answers every request with the set response, and records the requests."""

    def __init__(self) -> None:
        self.responses: dict[tuple[str, str], web.Response] = {}
        self.requests: list[tuple[str, str, str | None, str]] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization")
        self.requests.append((request.method, request.path, token, await request.text()))
        response = self.responses[request.method, request.path]
        return web.Response(status=response.status, body=response.body, headers=response.headers)


@pytest.fixture
async def endpoint() -> Endpoint:
    return Endpoint()


@pytest.fixture
async def url(endpoint: Endpoint) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", endpoint.handle)
    async with TestServer(app) as server:
        yield str(server.make_url("/")).rstrip("/")


async def test_offer_and_end_with_the_token_on_both(endpoint: Endpoint, url: str) -> None:
    endpoint.responses["POST", "/whip"] = web.Response(
        status=201,
        text=ANSWER,
        headers={"Location": "/session/7?a=b", "ETag": '"x"', "Link": '<stun:127.0.0.1>; rel="ice-server"'},
    )
    endpoint.responses["DELETE", "/session/7"] = web.Response()
    async with WhipClient(f"{url}/whip", "secret") as client:
        accepted = await client.offer("v=0 offer")
    assert accepted.sdp == ANSWER
    assert str(accepted.url) == f"{url}/session/7?a=b"
    assert accepted.etag == '"x"'
    assert [server.urls for server in accepted.ice_servers] == ["stun:127.0.0.1"]
    assert endpoint.requests == [
        ("POST", "/whip", "Bearer secret", "v=0 offer"),
        ("DELETE", "/session/7", "Bearer secret", ""),
    ]


async def test_without_a_token_none_is_sent(endpoint: Endpoint, url: str) -> None:
    endpoint.responses["POST", "/whip"] = web.Response(status=201, text=ANSWER, headers={"Location": "s"})
    endpoint.responses["DELETE", "/s"] = web.Response()
    async with WhipClient(f"{url}/whip") as client:
        await client.offer("v=0")
    assert {token for _, _, token, _ in endpoint.requests} == {None}


async def test_a_307_is_followed_with_offer_and_token(endpoint: Endpoint, url: str) -> None:
    endpoint.responses["POST", "/whip"] = web.Response(status=307, headers={"Location": "/elsewhere/whip"})
    endpoint.responses["POST", "/elsewhere/whip"] = web.Response(status=201, text=ANSWER, headers={"Location": "s"})
    endpoint.responses["DELETE", "/elsewhere/s"] = web.Response(status=404)  # counts as ended
    async with WhipClient(f"{url}/whip", "secret") as client:
        accepted = await client.offer("v=0")
        assert str(accepted.url) == f"{url}/elsewhere/s"
        await client.delete()
    assert endpoint.requests[1] == ("POST", "/elsewhere/whip", "Bearer secret", "v=0")


@pytest.mark.parametrize(
    ("response", "complaint"),
    [
        (web.Response(status=302, headers={"Location": "/x"}), "only the redirects 307 and 308 are followed"),
        (web.Response(status=307, headers={"Location": "/whip"}), "redirects more than 10 times"),
        (web.Response(status=307, headers={"Location": "ftp://127.0.0.1/"}), "no web address"),
        (web.Response(status=201, text=ANSWER), "without a Location"),
        (web.Response(status=201, text="<html>", headers={"Location": "s"}), "without a session description"),
        (web.Response(status=401, text='{"error": "no_token", "message": "No token."}'), "refused with 401: No token."),
        (web.Response(status=401), "refused with 401: give the right --token"),
        (web.Response(status=409, text='{"title": "Taken", "detail": "Name taken"}'), "409: Name taken"),
        (web.Response(status=503, text="<h1>x</h1>", headers={"Retry-After": "7"}), r"503: it is full \(again after 7"),
        (web.Response(status=406, text=ANSWER, content_type="application/sdp"), "wants to make the offer itself"),
    ],
)
async def test_a_refusal_names_its_reason(endpoint: Endpoint, url: str, response: web.Response, complaint: str) -> None:
    endpoint.responses["POST", "/whip"] = response
    async with WhipClient(f"{url}/whip") as client:
        with pytest.raises(SignallingError, match=complaint):
            await client.offer("v=0")


@pytest.mark.parametrize("url", ["localhost", "ftp://localhost/whip", "http://", "http://[::1"])
def test_an_invalid_url_is_refused(url: str) -> None:
    with pytest.raises(SignallingError, match="is no URL"):
        WhipClient(url)


async def test_ice_servers_by_options_and_by_json(endpoint: Endpoint, url: str) -> None:
    link = '<turn:127.0.0.1:3478?transport=udp>; rel="ice-server"; username="u"; credential="p"'
    endpoint.responses["OPTIONS", "/whip"] = web.Response(status=204, headers={"Link": link})
    async with WhipClient(f"{url}/whip") as client:
        (turn,) = await client.ice_servers()
    assert (turn.urls, turn.username, turn.credential) == ("turn:127.0.0.1:3478?transport=udp", "u", "p")

    listed = {"iceServers": [{"urls": "stun:127.0.0.1"}]}
    endpoint.responses["GET", "/ice-servers"] = web.json_response(listed)
    async with OfferClient(url) as client:
        (stun,) = await client.ice_servers()
    assert stun.urls == "stun:127.0.0.1"
    endpoint.responses["GET", "/ice-servers"] = web.Response(status=404)
    async with OfferClient(url) as client:
        assert await client.ice_servers() == ()


def test_links_of_other_relations_are_left_out() -> None:
    servers = parse_links(
        [
            '<stun:a>; rel="ice-server", <turn:b?transport=tcp>; rel=ice-server; username="x;y,z"; credential="p=q"',
            '<http://c/>; rel="next"',
            "<javascript:d>; rel=ice-server",
        ]
    )
    assert [(server.urls, server.username, server.credential) for server in servers] == [
        ("stun:a", None, None),
        ("turn:b?transport=tcp", "x;y,z", "p=q"),
    ]


def test_a_long_refusal_is_cut() -> None:
    assert len(refusal_text(400, "x" * 5000)) < 400
