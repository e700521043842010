"""The pages: the call, and the small ones that watch or publish a named stream; and their files, under /static/."""

from collections.abc import Collection, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import override

from aiohttp import ETag, hdrs, web

from acutance.model.engine.catalog import WEIGHTS
from acutance.server.http.connections import FileResponse
from acutance.server.http.middleware import CONTENT_POLICY, policy

STATIC = Path(__file__).resolve().parents[2] / "static"
WATCH = "/watch/{stream}"
PUBLISH = "/publish/{stream}"
# The students that ship with the server, for browsers that enhance themselves; and the scripts of the worker that runs
# them. A worker's policy is that of its script, so the page itself may not compile WebAssembly (CSP 3, section 6.1.10).
_STUDENTS, _EDGE = "students/", "edge/"
_EMBEDDERS: web.AppKey[Collection[str]] = web.AppKey("embedders")
# Compressed for each response: 1 ms of the event loop for the largest file of the page (60 kB). Larger files are served
# from a file beside them with the suffix .gz, if there is one.
_TEXT = frozenset({".css", ".html", ".js", ".mjs", ".svg"})
_LARGEST = 64 * 1024


def add_pages(app: web.Application, embedders: Collection[str]) -> None:
    """Add the routes of the pages and of their files.

    Args:
        app: the application.
        embedders: origins of web pages that may show `WATCH` in a frame.
    """
    app[_EMBEDDERS] = embedders
    add_static(app)
    app.router.add_get("/", _call)
    app.router.add_get(WATCH, _watch)
    app.router.add_get(PUBLISH, _publish)


def add_static(app: web.Application) -> None:
    """Add the route of the files, under /static/."""
    app.on_response_prepare.append(_mark_compressed)
    app.router.add_get("/static/{path:.+}", static_file)


async def _call(request: web.Request) -> web.StreamResponse:
    return _PageFile(request, STATIC / "index.html")


async def _watch(request: web.Request) -> web.StreamResponse:
    embedders = request.app[_EMBEDDERS]
    # Browsers ignore X-Frame-Options where there is a frame-ancestors directive (CSP 3, section 6.4.2.2).
    headers = {CONTENT_POLICY: policy(embedders)} if embedders else None
    return _PageFile(request, STATIC / "watch" / "index.html", headers=headers)


async def _publish(request: web.Request) -> web.StreamResponse:
    return _PageFile(request, STATIC / "publish" / "index.html")


async def static_file(request: web.Request) -> web.StreamResponse:
    """Answer with the file that ``path`` of the route names.

    Raises:
        HTTPNotFound: there is no such file.
    """
    path = request.match_info["path"]
    root = STATIC
    if path.startswith(_STUDENTS) and path.endswith(".onnx"):
        root, path = WEIGHTS.resolve(), path.removeprefix(_STUDENTS)
    # aiohttp's own static route sends no response for an impossible file name (too long, or with a NUL).
    try:
        file = (root / path).resolve(strict=True)
    except (OSError, ValueError):
        raise web.HTTPNotFound from None
    if not file.is_relative_to(root) or not file.is_file():
        raise web.HTTPNotFound
    # Python 3.12 knows the type from the system's list only, which slim images lack.
    headers = {"Content-Type": "image/webp"} if file.suffix == ".webp" else {}
    if path.startswith(_EDGE):
        headers[CONTENT_POLICY] = policy(wasm=True)
    return _PageFile(request, file, headers=headers)


class _PageFile(FileResponse):
    """A response with a file of the page."""

    def __init__(self, request: web.Request, path: Path, headers: Mapping[str, str] | None = None):
        """Answer a request.

        Args:
            request: its headers say whether the file may be compressed.
            path: the file, which may be missing.
            headers: of the response.
        """
        super().__init__(path, headers=headers)
        if path.suffix in _TEXT and path.is_file() and path.stat().st_size <= _LARGEST:
            self.headers[hdrs.VARY] = hdrs.ACCEPT_ENCODING
            # A part of a compressed file is no part of the file.
            whole = request.method == hdrs.METH_GET and hdrs.RANGE not in request.headers
            if whole and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower():
                self.enable_compression(web.ContentCoding.gzip)

    @override
    def set_status(self, status: int, reason: str | None = None) -> None:
        super().set_status(status, reason)
        if status != HTTPStatus.OK and self.compression:
            # aiohttp would send an empty gzip stream as the body of a 304, which has none (RFC 9110, section 15.4.5).
            self.enable_compression(web.ContentCoding.identity)


async def _mark_compressed(request: web.Request, response: web.StreamResponse) -> None:
    """Give a compressed file a weak entity tag: strong ones promise equal bytes (RFC 9110, section 8.8.1)."""
    if isinstance(response, _PageFile) and response.compression and response.etag is not None:
        response.etag = ETag(response.etag.value, is_weak=True)
        # The tag is enough for caches, and no part of a compressed file is sent. A visit loads a hundred files.
        response.last_modified = None
        response.headers.pop(hdrs.ACCEPT_RANGES, None)
