"""Authentication, origins, rate limits and quotas of the running application."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable

import pytest
from aiohttp import hdrs
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.http.app import create_app
from acutance.server.http.guard import PUBLIC, Guard
from acutance.server.options.session_limits import Limits
from acutance.server.security.access import Access
from acutance.server.security.origins import Origins
from acutance.server.security.quota import Quota
from acutance.server.security.rate_limit import RequestRate
from acutance.server.security.tokens import Tokens
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.offers import VIDEO, offer

Client = TestClient  # type: ignore[type-arg]
SECRET = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {SECRET}"}
OFFER = {"sdp": offer(VIDEO), "type": "offer"}
PAGE = "https://app.example.com"


@pytest.fixture
async def serve(ladder: Ladder) -> AsyncIterator[Callable[..., object]]:
    clients: list[Client] = []

    async def serve(guard: Guard, quota: Quota | None = None, sessions: int = 4) -> Client:
        host = Host(ladder, Limits(), AdmissionLimits(max_sessions=sessions, check_load=False, quota=quota or Quota()))
        clients.append(TestClient(TestServer(create_app(host, guard))))
        await clients[-1].start_server()
        return clients[-1]

    yield serve
    await asyncio.gather(*(client.close() for client in clients))


@pytest.fixture
async def closed(serve: Callable[..., object]) -> Client:
    return await serve(Guard(Access(Tokens([f"anna:{SECRET}"]))))  # type: ignore[misc]


async def test_every_route_but_the_public_ones_needs_a_token(closed: Client) -> None:
    """Every route of the application, including future ones."""
    app = closed.server.app  # type: ignore[attr-defined]
    asked = 0
    for route in app.router.routes():
        resource = route.resource
        path = resource.canonical.replace("{stream}", "live").replace("{id}", "abc").replace("{path}", "main.js")
        public = resource.canonical in PUBLIC and route.method in (hdrs.METH_GET, hdrs.METH_HEAD)
        for headers in ({}, {"Authorization": "Bearer wrong-wrong-wrong-wrong"}, {"Authorization": f"Basic {SECRET}"}):
            response = await closed.request(route.method, path, headers=headers)
            if public:
                assert response.status == 200, (route.method, path)
            else:
                assert response.status == 401, (route.method, path)
                assert response.headers["WWW-Authenticate"].startswith("Bearer")
                if route.method != hdrs.METH_HEAD:
                    code = (await response.json())["error"]
                    assert code == ("bad_token" if "wrong" in str(headers) else "no_token")
                asked += 1
    assert asked >= 3 * 10
    assert (await closed.get("/nothing-here")).status == 401, "an unknown path needs one, too"


async def test_a_request_with_the_token_is_served(closed: Client) -> None:
    answered = await closed.post("/offer", json=OFFER, headers=BEARER)
    assert answered.status == 200
    url = (await answered.json())["url"]
    assert (await closed.delete(url)).status == 401, "the URL alone is not enough"
    assert (await closed.delete(url, headers=BEARER)).status == 200
    health = await (await closed.get("/health", headers=BEARER)).json()
    assert health["max_sessions"] == 4


async def test_health_without_a_token_has_the_state_alone(closed: Client) -> None:
    health = await (await closed.get("/health")).json()
    assert health == {"status": "ok", "live": True, "ready": True, "reasons": []}


async def test_pages_of_other_origins_can_neither_change_nor_read_anything(serve: Callable[..., object]) -> None:
    client: Client = await serve(Guard(origins=Origins.of([PAGE], loopback_only=True)))  # type: ignore[misc]
    for origin in ("https://evil.example", "null"):
        refused = await client.post("/offer", json=OFFER, headers={"Origin": origin})
        assert (refused.status, (await refused.json())["error"]) == (403, "bad_origin")
        assert "Access-Control-Allow-Origin" not in refused.headers
    rebound = await client.get("/health", headers={"Host": "evil.example"})
    assert (rebound.status, (await rebound.json())["error"]) == (421, "bad_host")
    own = str(client.make_url("/")).rstrip("/")
    assert (await client.post("/offer", json=OFFER, headers={"Origin": own})).status == 200


async def test_an_allowed_page_may_read_the_headers_of_whip(serve: Callable[..., object]) -> None:
    client: Client = await serve(Guard(Access(Tokens([SECRET])), Origins.of([PAGE])))  # type: ignore[misc]
    asked = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    preflight = await client.options("/whip/live", headers=asked)
    assert preflight.status == 204, "browsers send no token with it"
    assert preflight.headers["Access-Control-Allow-Origin"] == PAGE
    assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
    assert "PATCH" in preflight.headers["Access-Control-Allow-Methods"]
    assert "Link" not in preflight.headers
    assert (await client.options("/whip/live", headers=asked | {"Origin": "https://evil.example"})).status == 401
    answered = await client.post("/offer", json=OFFER, headers=BEARER | {"Origin": PAGE})
    assert answered.status == 200
    assert answered.headers["Access-Control-Allow-Origin"] == PAGE
    assert {"Location", "ETag", "Link"} <= set(answered.headers["Access-Control-Expose-Headers"].split(", "))
    refused = await client.post("/offer", json=OFFER, headers={"Origin": PAGE})
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (401, PAGE), "the page may read why"


async def test_a_client_with_too_many_requests_gets_429(serve: Callable[..., object]) -> None:
    guard = Guard(rate=RequestRate(8, lambda: 0.0), proxies=[ipaddress.ip_network("127.0.0.0/8")])
    client: Client = await serve(guard)  # type: ignore[misc]

    async def ask(address: str) -> int:
        response = await client.post("/offer", data=b"{", headers={"X-Forwarded-For": address})
        if response.status == 429:
            assert int(response.headers["Retry-After"]) == 8
        return response.status

    assert [await ask("192.0.2.1") for _ in range(3)] == [400, 400, 429]
    assert await ask("192.0.2.2") == 400
    assert await ask("192.0.2.9, 192.0.2.1") == 429, "addresses before the proxy's own entry are the client's claim"
    assert guard.refusals == {"not_json": 3, "too_many_requests": 2}
    assert (await client.get("/health")).status == 200, "GET is not limited"


async def test_forwarded_addresses_count_only_from_a_trusted_proxy(serve: Callable[..., object]) -> None:
    client: Client = await serve(Guard(rate=RequestRate(8, lambda: 0.0)))  # type: ignore[misc]
    statuses = [
        (await client.post("/offer", data=b"{", headers={"X-Forwarded-For": f"192.0.2.{number}"})).status
        for number in range(3)
    ]
    assert statuses == [400, 400, 429]


async def test_each_token_has_its_own_limit_of_sessions(serve: Callable[..., object]) -> None:
    tokens = Tokens([f"anna/1:{SECRET}", "berta:another-horse-battery"])
    client: Client = await serve(Guard(Access(tokens)), Quota(per_token=2))  # type: ignore[misc]
    berta = {"Authorization": "Bearer another-horse-battery"}
    for headers, status in ((BEARER, 200), (BEARER, 503), (berta, 200), (berta, 200), (berta, 503)):
        answered = await client.post("/offer", json=OFFER, headers=headers)
        assert answered.status == status
        if status == 503:
            assert (await answered.json())["error"] == "quota"
            assert "Retry-After" in answered.headers


async def test_the_addresses_of_one_ipv6_network_count_as_one_client(serve: Callable[..., object]) -> None:
    proxies = [ipaddress.ip_network("127.0.0.0/8")]
    client: Client = await serve(  # type: ignore[misc]
        Guard(rate=RequestRate(8, lambda: 0.0), proxies=proxies), Quota(per_address=1)
    )

    async def ask(address: str) -> int:
        return (await client.post("/offer", json=OFFER, headers={"X-Forwarded-For": address})).status

    assert await ask("2001:db8:0:1::1") == 200
    assert await ask("2001:db8:0:1:ffff::2") == 503, "the quota of the first session's network"
    assert await ask("2001:db8:0:1:abcd:ef01:2345:6789") == 429, "the rate of the first two requests' network"
    assert await ask("2001:db8:0:2::1") == 200, "another network"


async def test_named_pages_may_show_the_page_of_a_stream_in_a_frame(serve: Callable[..., object]) -> None:
    client: Client = await serve(Guard(origins=Origins.of([], embedders=[PAGE])))  # type: ignore[misc]
    policies = [
        (await client.get(path)).headers["Content-Security-Policy"] for path in ("/watch/live", "/", "/publish/a")
    ]
    assert f"frame-ancestors {PAGE}" in policies[0]
    assert all("frame-ancestors 'none'" in policy for policy in policies[1:])
    assert "script-src 'self'" in policies[0]
