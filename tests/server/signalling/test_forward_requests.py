"""Requests to forward a stream: destination, operator, number. The ingest is a second server."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from acutance.server.forward.rules import ForwardRules
from acutance.server.http.app import create_app
from acutance.server.http.app_keys import HOST
from acutance.server.http.guard import Guard
from acutance.server.options.forwarding import read_hosts
from acutance.server.options.session_limits import Limits
from acutance.server.security.access import Access
from acutance.server.security.tokens import Caller, Tokens
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.sessions.streams import NoStreamError
from acutance.server.signalling import forward_requests
from acutance.server.signalling.forward_requests import MOST
from acutance.server.students.ladder import Ladder
from tests.server.media_peers import Client, Publisher, Watcher
from tests.server.peers import until

pytestmark = pytest.mark.media

OPERATOR = {"Authorization": "Bearer operator-0123456789"}
GUEST = {"Authorization": "Bearer guest-0123456789abc"}
TOKENS = ["ops:operator-0123456789", "guest:guest-0123456789abc"]
FORWARDS = "/streams/stage/forwards"


@pytest.fixture
async def ingest(ladder: Ladder) -> AsyncIterator[Client]:
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=3, check_load=False))
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


@pytest.fixture
async def client(ladder: Ladder, ingest: Client) -> AsyncIterator[Client]:
    host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=3, check_load=False))
    rules = ForwardRules(read_hosts([f"127.0.0.1:{ingest.port}"]), frozenset({"ops"}))
    app = create_app(host, Guard(Access(Tokens(TOKENS))), forwarding=rules)
    async with TestClient(TestServer(app), headers=GUEST) as client:
        yield client


@pytest.fixture
async def publisher(client: Client) -> AsyncIterator[Publisher]:
    publisher = Publisher()
    assert await publisher.post(client, "/whip/stage") == 201
    yield publisher
    await publisher.close()


async def _forward(client: Client, url: object, **fields: Any) -> tuple[int, dict[str, Any]]:
    response = await client.post(FORWARDS, json={"url": url, **fields}, headers=OPERATOR)
    return response.status, await response.json()


async def test_a_stream_is_forwarded_on_request_until_the_forward_is_ended(
    client: Client, ingest: Client, publisher: Publisher
) -> None:
    url = str(ingest.make_url("/whip/")) + "from-{stream}?key=secret"
    response = await client.post(FORWARDS, json={"url": url}, headers=OPERATOR)
    assert response.status == 201
    begun = await response.json()
    assert begun["url"].endswith("/whip/from-stage"), "its query may hold a key"
    assert response.headers["Location"] == f"{FORWARDS}/{begun['id']}"

    viewer = Watcher()
    host = ingest.app[HOST]
    await until(lambda: bool(host.registry.streams.listed()))
    assert await viewer.post(ingest, "/whep/from-stage") == 201
    await until(lambda: len(viewer.order) >= 10)
    (listed,) = (await (await client.get(FORWARDS, headers=OPERATOR)).json())["forwards"]
    assert listed == begun | {"state": "connected"}
    (stream,) = (await (await client.get("/streams")).json())["streams"]
    assert stream["forwards"] == ["connected"], "a viewer must not see addresses"

    assert (await client.delete(response.headers["Location"], headers=OPERATOR)).status == 200
    await until(lambda: host.registry.streams.listed() == [])
    assert (await client.delete(response.headers["Location"], headers=OPERATOR)).status == 404
    (stream,) = (await (await client.get("/streams")).json())["streams"]
    assert stream["forwards"] == [], "the stream itself goes on"
    await viewer.close()


async def test_only_operators_may_begin_list_and_end_forwards(client: Client, publisher: Publisher) -> None:
    for method, path in (("POST", FORWARDS), ("GET", FORWARDS), ("DELETE", FORWARDS + "/x")):
        refused = await client.request(method, path)
        assert (refused.status, (await refused.json())["error"]) == (403, "not_operator")
        assert (await client.request(method, path, headers={"Authorization": "Bearer wrong"})).status == 401


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("http://127.0.0.1/whip", 403, "forward_host"),
        ("http://localhost:1/whip", 403, "forward_host"),
        ("https://169.254.169.254/latest", 403, "forward_host"),
        ("http://127.0.0.1.example.org/", 403, "forward_host"),
        ("file:///etc/passwd", 400, "bad_url"),
        ("http://me:pw@127.0.0.1/", 400, "bad_url"),
        ("http://[::1", 400, "bad_url"),
        ("x" * 3000, 400, "bad_url"),
        (7, 400, "bad_url"),
    ],
)
async def test_only_listed_hosts_are_asked(
    client: Client, publisher: Publisher, url: object, status: int, code: str
) -> None:
    answered, message = await _forward(client, url)
    assert (answered, message["error"]) == (status, code)


async def test_an_ingest_cannot_send_the_server_elsewhere(
    ladder: Ladder, unused_tcp_port_factory: Any, caplog: pytest.LogCaptureFixture
) -> None:
    asked = asyncio.Event()

    async def secret(request: web.Request) -> web.Response:
        asked.set()
        return web.Response()

    inside = web.Application()
    inside.router.add_route("*", "/{rest:.*}", secret)

    async with TestServer(inside) as within:

        async def redirect(request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": str(within.make_url("/admin"))})

        outside = web.Application()
        outside.router.add_post("/whip", redirect)
        async with TestServer(outside) as ingest:
            host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=3, check_load=False))
            rules = ForwardRules(read_hosts([f"127.0.0.1:{ingest.port}"]), None)
            async with TestClient(TestServer(create_app(host, forwarding=rules))) as client:
                publisher = Publisher()
                assert await publisher.post(client, "/whip/stage") == 201
                response = await client.post(FORWARDS, json={"url": str(ingest.make_url("/whip"))})
                assert response.status == 201, "without tokens every client is an operator"
                await until(lambda: "is not allowed" in caplog.text)
                assert not asked.is_set()
                await publisher.close()


async def test_invalid_forward_requests_are_refused_with_a_message(
    client: Client, ingest: Client, publisher: Publisher
) -> None:
    url = str(ingest.make_url("/whip/x"))
    assert (await _forward(client, url, token="two words"))[1]["error"] == "bad_forward_token"
    not_json = await client.post(FORWARDS, data=b"{", headers=OPERATOR)
    assert (not_json.status, (await not_json.json())["error"]) == (400, "not_json")
    absent = await client.post("/streams/other/forwards", json={"url": url}, headers=OPERATOR)
    assert (absent.status, (await absent.json())["error"]) == (404, "no_stream")
    for number in range(MOST):
        assert (await _forward(client, f"{url}{number}"))[0] == 201
    assert (await _forward(client, url))[1]["error"] == "too_many_forwards"


async def test_a_closing_stream_is_not_forwarded(client: Client, publisher: Publisher) -> None:
    host = client.app[HOST]
    rules = ForwardRules(read_hosts(["sfu.example"]), None)
    ending = host.registry.streams.publisher("stage").end("test")
    with pytest.raises(NoStreamError, match="has just ended"):
        forward_requests.begin(host, rules, Caller(), "stage", b'{"url": "https://sfu.example/whip"}')
    await ending


async def test_without_a_list_of_hosts_it_is_off(ladder: Ladder) -> None:
    host = Host(ladder, Limits(), AdmissionLimits(max_sessions=1, check_load=False))
    async with TestClient(TestServer(create_app(host))) as client:
        refused = await client.post(FORWARDS, json={"url": "http://127.0.0.1/whip"})
        assert (refused.status, (await refused.json())["error"]) == (403, "forward_off")


@pytest.mark.parametrize(
    ("hosts", "url", "allowed"),
    [
        (["sfu.example"], "https://SFU.example/whip", True),
        (["sfu.example"], "http://sfu.example/whip", True),
        (["sfu.example"], "http://sfu.example:8080/whip", False),
        (["sfu.example"], "https://x.sfu.example/", False),
        (["sfu.example:7080"], "http://sfu.example:7080/", True),
        (["sfu.example:7080"], "http://sfu.example/", False),
        (["[::1]:9"], "http://[::1]:9/", True),
    ],
)
def test_a_host_has_the_port_of_its_scheme_or_the_one_it_names(hosts: list[str], url: str, allowed: bool) -> None:
    assert ForwardRules(read_hosts(hosts)).allow(URL(url)) is allowed
