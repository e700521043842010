"""The checks of a passive scanner (ZAP's baseline) for every response of every route."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.http.app import create_app
from acutance.server.http.guard import Guard
from acutance.server.options.session_limits import Limits
from acutance.server.security.access import Access
from acutance.server.security.tokens import Tokens
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder

Client = TestClient  # type: ignore[type-arg]
SECRET = "correct-horse-battery"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
NASTY = "<script>alert(1)</script>"


@pytest.fixture
async def client(ladder: Ladder) -> AsyncIterator[Client]:
    host = Host(ladder, Limits(), AdmissionLimits(max_sessions=1, check_load=False))
    async with TestClient(TestServer(create_app(host, Guard(Access(Tokens([f"anna:{SECRET}"])))))) as client:
        yield client


async def _ask(client: Client, method: str, path: str, **more: object) -> ClientResponse:
    return await client.request(method, path, allow_redirects=False, **more)  # type: ignore[arg-type]


async def _check(response: ClientResponse, where: str) -> None:
    headers, body = response.headers, await response.text()
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy, where
    assert "frame-ancestors 'none'" in policy, where
    assert "unsafe" not in policy, where
    assert headers["X-Content-Type-Options"] == "nosniff", where
    assert headers["X-Frame-Options"] == "DENY", where
    assert headers["Referrer-Policy"] == "no-referrer", where
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", where
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin", where
    assert headers["Permissions-Policy"], where
    assert headers["Server"] == "acutance", "no versions"
    assert "Set-Cookie" not in headers, where
    assert "Access-Control-Allow-Origin" not in headers, where
    of_the_page = where.split()[1] == "/" or where.split()[1].startswith(("/static/", "/watch/", "/publish/"))
    assert headers["Cache-Control"] == ("no-cache" if of_the_page and response.status < 400 else "no-store"), where
    for leak in ("Traceback", "aiohttp", "site-packages", "/home/", "/root/", "/work/"):
        assert leak not in body or where.endswith((".js", "openapi.json")), f"{where}: {leak}"
    if body and headers["Content-Type"].startswith("text/html"):
        assert NASTY not in body, where
    if response.status >= 400 and body:
        assert response.content_type == "application/json", where
        assert json.loads(body).keys() == {"error", "message"} or where.split()[1] == "/ready", where


@pytest.mark.parametrize("headers", [{}, {"Authorization": f"Bearer {SECRET}"}], ids=["stranger", "anna"])
async def test_every_response_of_every_route_passes_the_checks(client: Client, headers: dict[str, str]) -> None:
    routes = client.server.app.router.routes()  # type: ignore[attr-defined]
    values = {"{stream}": "live", "{id}": "abc", "{path}": "main.js"}
    paths = {route.resource.canonical for route in routes}
    for name, value in values.items():
        paths = {path.replace(name, value) for path in paths}
    assert not any("{" in path for path in paths)
    assert len(paths) >= 10
    for path in sorted(paths):
        for method in METHODS:
            response = await _ask(client, method, path, headers=headers)
            assert response.status < 500, f"{method} {path}"
            await _check(response, f"{method} {path}")
            if method in ("TRACE", "PROPFIND", "FOO", "PUT"):
                assert response.status in (400, 401, 404, 405), f"{method} {path}"


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static",
        "/static/texts/",
        "/static/..%2f..%2fetc/passwd",
        "/static/%2e%2e/server/http/app.py",
        "/static//etc/passwd",
        "/.git/config",
        "/.env",
        "/static/__init__.py",  # the folder is a Python package, too
        "/server/http/app.py",
        "/pyproject.toml",
    ],
)
async def test_only_files_of_the_page_can_be_read(client: Client, path: str) -> None:
    response = await _ask(client, "GET", path, headers={"Authorization": f"Bearer {SECRET}"})
    assert response.status in (403, 404)
    await _check(response, f"GET {path}")


async def test_input_is_not_reflected_as_html(client: Client) -> None:
    headers = {"Authorization": f"Bearer {SECRET}"}
    for path in (f"/{NASTY}", f"/static/{NASTY}", f"/whep/{NASTY}", f"/session/{NASTY}"):
        response = await _ask(client, "GET", path, headers=headers)
        assert response.content_type == "application/json" or not await response.text()
        await _check(response, f"GET {path}")


async def test_pages_of_other_origins_get_no_permission(client: Client) -> None:
    preflight = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    response = await _ask(client, "OPTIONS", "/offer", headers=preflight)
    assert response.status in (401, 403, 405)
    await _check(response, "OPTIONS /offer")


async def test_a_malformed_request_is_refused_without_internals(client: Client) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n")
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert answer.startswith(b"HTTP/1.0 400") or answer.startswith(b"HTTP/1.1 400")
    assert b"Traceback" not in answer
    assert b"site-packages" not in answer
