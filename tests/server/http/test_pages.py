"""Compressed files of the page."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from acutance.model.engine.catalog import WEIGHTS
from acutance.server.http import pages
from acutance.server.http.pages import STATIC, add_pages

type Client = TestClient  # type: ignore[type-arg]

SCRIPT = "/static/main.js"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    app = web.Application()
    add_pages(app, ())
    async with TestClient(TestServer(app), auto_decompress=False) as client:
        yield client


async def test_text_is_compressed_for_browsers_that_accept_it(client: Client) -> None:
    whole = (STATIC / "main.js").read_bytes()
    for accepted in ("gzip, deflate, br, zstd", "GZIP"):
        response = await client.get(SCRIPT, headers={"Accept-Encoding": accepted})
        body = await response.read()
        assert response.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(body) == whole
        assert len(body) < len(whole) / 2
    for accepted in ("identity", "br"):
        response = await client.get(SCRIPT, headers={"Accept-Encoding": accepted})
        assert "Content-Encoding" not in response.headers
        assert await response.read() == whole


async def test_caches_keep_both_forms_apart_and_browsers_revalidate_them(client: Client) -> None:
    packed = await client.get(SCRIPT, headers={"Accept-Encoding": "gzip"})
    plain = await client.get(SCRIPT, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] == f"W/{plain.headers['ETag']}"
    assert "Last-Modified" not in packed.headers
    assert "Accept-Ranges" not in packed.headers
    again = await client.get(SCRIPT, headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert again.status == 304
    assert await again.read() == b""
    head = await client.head(SCRIPT, headers={"Accept-Encoding": "gzip"})
    assert head.status == 200
    assert (await client.get(SCRIPT)).status == 200  # the connection goes on


async def test_a_part_of_a_file_is_not_compressed(client: Client) -> None:
    response = await client.get(SCRIPT, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
    assert response.status == 206
    assert await response.read() == (STATIC / "main.js").read_bytes()[:10]


async def test_pictures_and_large_files_are_not_compressed(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = await client.get("/static/stills/after.webp", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    monkeypatch.setattr(pages, "STATIC", tmp_path)
    (tmp_path / "large.js").write_bytes(b"//" * 100_000)
    response = await client.get("/static/large.js", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    (tmp_path / "large.js.gz").write_bytes(gzip.compress(b"//" * 100_000))
    response = await client.get("/static/large.js", headers={"Accept-Encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(await response.read()) == b"//" * 100_000


async def test_students_are_served_and_nothing_else_beside_them(client: Client) -> None:
    response = await client.get("/static/students/nano.onnx")
    assert response.status == 200
    assert await response.read() == (WEIGHTS / "nano.onnx").read_bytes()
    for path in ("students/nano.json", "students/", "students/../pyproject.onnx", "students/%2e%2e/nano.onnx"):
        assert (await client.get(f"/static/{path}")).status == 404, path


async def test_only_the_worker_that_enhances_may_compile_webassembly(client: Client) -> None:
    for path, allowed in ((SCRIPT, False), ("/", False), ("/static/edge/worker.js", True)):
        policy = (await client.get(path)).headers.get("Content-Security-Policy", "")
        assert ("'wasm-unsafe-eval'" in policy) == allowed, path
