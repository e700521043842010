"""server/http/openapi.json describes every route, every error code and the responses of the server."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.http.app import OPENAPI, create_app
from acutance.server.http.guard import PUBLIC, Guard
from acutance.server.options.session_limits import Limits
from acutance.server.security.access import Access
from acutance.server.security.tokens import Tokens
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.offers import VIDEO, offer

Client = TestClient  # type: ignore[type-arg]
SECRET = "correct-horse-battery"
BEARER = {"Authorization": f"Bearer {SECRET}"}
SPECIFIED: dict[str, Any] = json.loads(OPENAPI.read_text("utf-8"))


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[Client]:
    host = Host(ladder, Limits(), AdmissionLimits(max_sessions=4, check_load=False))
    async with TestClient(TestServer(create_app(host, Guard(Access(Tokens([SECRET])))))) as client:
        yield client


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): described
        for path, item in SPECIFIED["paths"].items()
        for method, described in item.items()
    }


def check(schema: dict[str, Any], value: object) -> None:
    jsonschema_rs.validator_for({**schema, "components": SPECIFIED["components"]}).validate(value)


def test_the_openapi_file_describes_exactly_the_routes_and_methods(client: Client) -> None:
    routes = client.server.app.router.routes()  # type: ignore[attr-defined]
    served = {(route.method, route.resource.canonical) for route in routes}
    assert set(operations()) == served


def test_routes_that_need_a_token_are_marked() -> None:
    assert SPECIFIED["security"] == [{"bearer": []}]
    assert SPECIFIED["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for (method, path), described in operations().items():
        public = path in PUBLIC
        assert ("security" in described) == public, (method, path)
        assert ("401" in described["responses"]) != public, (method, path)


def test_every_error_code_of_the_source_is_listed() -> None:
    server = Path(__file__).parents[3] / "server"
    # An opinion study has an HTTP interface of its own, for its page alone.
    files = (file for file in server.rglob("*.py") if server / "study" not in file.parents)
    source = "".join(file.read_text("utf-8") for file in files)
    raised = re.findall(r'(?:RequestError|__init__|refusal|_error)\(\s*(?:\d{3}|error\.status),\s*"(\w+)"', source)
    raised += re.findall(r'\bcode(?:: str)? ?= ?"(\w+)"', source)
    assert set(raised) == set(SPECIFIED["components"]["schemas"]["Error"]["properties"]["error"]["enum"])


def test_examples_fit_their_schemas() -> None:
    checked = 0
    for described in operations().values():
        for part in (described.get("requestBody", {}), *described["responses"].values()):
            for content in part.get("content", {}).values():
                if "example" in content:
                    check(content["schema"], content["example"])
                    checked += 1
    assert checked >= 8


@pytest.mark.parametrize(
    ("method", "path", "asked"),
    [
        ("GET", "/health", {}),
        ("GET", "/ready", {}),
        ("GET", "/streams", {}),
        ("GET", "/ice-servers", {}),
        ("GET", "/openapi.json", {}),
        ("GET", "/metrics", {}),
        ("GET", "/session/{id}", {}),
        ("POST", "/offer", {"json": {"sdp": offer(VIDEO), "type": "offer"}}),
        ("POST", "/offer", {"json": {"sdp": 1}}),
        ("POST", "/offer", {"json": {"sdp": offer(), "type": "offer"}}),
        ("POST", "/whip/{stream}", {"data": "v=0", "headers": {"Content-Type": "application/sdp"}}),
        ("POST", "/whip", {"data": "v=0", "headers": {"Content-Type": "text/plain"}}),
        ("POST", "/whep/{stream}", {"data": offer(), "headers": {"Content-Type": "application/sdp"}}),
        ("PATCH", "/session/{id}", {"data": "a"}),
        ("DELETE", "/session/{id}", {}),
        ("DELETE", "/session/{id}/memory", {}),
        ("OPTIONS", "/whip", {}),
    ],
)
@pytest.mark.parametrize("token", [True, False])
async def test_responses_are_as_described(
    client: Client, method: str, path: str, asked: dict[str, Any], token: bool
) -> None:
    headers = asked.get("headers", {}) | (BEARER if token else {})
    url = path.replace("{id}", "none").replace("{stream}", "live")
    response = await client.request(method, url, **{**asked, "headers": headers})
    responses = operations()[method, path]["responses"]
    assert str(response.status) in responses, await response.text()
    content = responses[str(response.status)].get("content", {})
    if content:
        assert response.content_type in content
        if response.content_type == "application/json":
            check(content[response.content_type]["schema"], await response.json())


async def test_a_live_stream_is_listed_as_described(client: Client) -> None:
    headers = BEARER | {"Content-Type": "application/sdp"}
    assert (await client.post("/whip/live", data=offer(VIDEO), headers=headers)).status == 201
    response = await client.get("/streams", headers=BEARER)
    described = SPECIFIED["components"]["schemas"]["Stream"]
    (stream,) = (await response.json())["streams"]
    check(described, stream)
    assert stream["name"] == "live"
    assert set(stream) == set(described["properties"])


async def test_health_with_a_token_is_as_described(client: Client) -> None:
    details = await (await client.get("/health", headers=BEARER)).json()
    described = SPECIFIED["components"]["schemas"]["Health"]
    check(described, details)
    assert set(details) == set(described["properties"])
