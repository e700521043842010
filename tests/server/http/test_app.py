import re
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.model.engine.gpu.device import DEVICE
from acutance.server.http.app import create_app
from acutance.server.http.app_keys import HOST
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.server.malformed import MALFORMED

Client = TestClient  # type: ignore[type-arg]


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[Client]:
    host = Host(ladder, Limits(), AdmissionLimits(max_sessions=1))
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


@pytest.mark.parametrize("name", MALFORMED)
async def test_a_malformed_offer_gets_a_clear_error_and_takes_no_session(client: Client, name: str) -> None:
    body, status = MALFORMED[name]
    response = await client.post("/offer", data=body, headers={"Content-Type": "application/json"})
    error = await response.json()
    assert response.status == status, error
    assert set(error) == {"error", "message"}
    assert len(error["message"]) > 20
    assert "Traceback" not in error["message"]
    health = await (await client.get("/health")).json()
    assert health["sessions"] == 0


async def test_health_has_the_configuration(client: Client, ladder: Ladder) -> None:
    response = await client.get("/health")
    health = await response.json()
    assert response.status == 200
    assert health["status"] == "ok"
    assert (health["student"], health["provider"], health["max_sessions"]) == (ladder.best.student.name, "CPU", 1)
    (engine,) = health["engines"]
    assert (engine["student"], engine["provider"], engine["refused"]) == (ladder.best.student.name, "CPU", {})
    assert engine["ms"]["CPU"] > 0


async def test_health_asks_for_a_restart_after_the_gpu_has_failed_for_good_when_no_call_is_left(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DEVICE, "lost", "CUDA failed in a call")
    response = await client.get("/health")
    health = await response.json()
    assert response.status == 503
    assert (health["status"], health["live"], health["ready"]) == ("device lost", False, False)
    assert "the GPU has failed" in health["reasons"][0]
    described = (await client.get("/ready")).status
    assert described == 503
    host = client.app[HOST]  # type: ignore[union-attr]
    monkeypatch.setattr(type(host.registry), "publishers", [object()])
    response = await client.get("/health")
    assert response.status == 200, "a call is running"
    assert (await response.json())["live"] is True


async def test_the_page_and_every_file_that_it_references_are_served(client: Client) -> None:
    page = await client.get("/")
    text = await page.text()
    assert page.content_type == "text/html"
    references = set(re.findall(r'(?:src|href)="([^"#]+)"', text))
    assert references
    for reference in references:
        assert not reference.startswith(("http:", "https:", "//")), "no request to another host"
        assert (await client.get("/" + reference.removeprefix("/"))).status == 200, reference


@pytest.mark.parametrize("page", ["watch", "publish"])
async def test_the_pages_of_a_stream_and_their_files_are_served(client: Client, page: str) -> None:
    response = await client.get(f"/{page}/live")
    references = re.findall(r'(?:src|href)="([^"#]+)"', await response.text())
    assert references
    for reference in references:
        assert (await client.get("/" + reference.removeprefix("../"))).status == 200, reference
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/health", "/nothing", "/static/main.js"])
async def test_every_response_has_the_security_headers(client: Client, path: str) -> None:
    headers = (await client.get(path)).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/offer", 405, "method_not_allowed"),
        ("DELETE", "/", 405, "method_not_allowed"),
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/static/../pyproject.toml", 404, "not_found"),
        ("GET", "/static/%2e%2e/pyproject.toml", 404, "not_found"),
        ("GET", "/static/none.js", 404, "not_found"),
        ("GET", "/static/%00", 404, "not_found"),
        ("GET", "/static/" + "a" * 300, 404, "not_found"),
    ],
)
async def test_requests_to_no_route_get_json_errors(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    response = await client.request(method, path)
    assert response.status == status
    assert (await response.json())["error"] == code


async def test_a_body_that_does_not_match_its_headers_is_refused(client: Client) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    response = await client.post("/offer", data=b"{}", headers=headers)
    assert (response.status, (await response.json())["error"]) == (400, "bad_body")
