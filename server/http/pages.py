"""The pages: the call, and the small ones that watch or publish a named stream; and their files, under /static/."""

from collections.abc import Collection
from pathlib import Path

from aiohttp import web

from acutance.server.http.connections import FileResponse
from acutance.server.http.middleware import CONTENT_POLICY, policy

STATIC = Path(__file__).resolve().parents[2] / "static"
WATCH = "/watch/{stream}"
PUBLISH = "/publish/{stream}"
_EMBEDDERS: web.AppKey[Collection[str]] = web.AppKey("embedders")


def add_pages(app: web.Application, embedders: Collection[str]) -> None:
    """Add the routes of the pages and of their files.

    Args:
        app: the application.
        embedders: origins of web pages that may show `WATCH` in a frame.
    """
    app[_EMBEDDERS] = embedders
    app.router.add_get("/", _call)
    app.router.add_get(WATCH, _watch)
    app.router.add_get(PUBLISH, _publish)
    app.router.add_get("/static/{path:.+}", static_file)


async def _call(request: web.Request) -> web.StreamResponse:
    return FileResponse(STATIC / "index.html")


async def _watch(request: web.Request) -> web.StreamResponse:
    embedders = request.app[_EMBEDDERS]
    # Browsers ignore X-Frame-Options where there is a frame-ancestors directive (CSP 3, section 6.4.2.2).
    headers = {CONTENT_POLICY: policy(embedders)} if embedders else None
    return FileResponse(STATIC / "watch" / "index.html", headers=headers)


async def _publish(request: web.Request) -> web.StreamResponse:
    return FileResponse(STATIC / "publish" / "index.html")


async def static_file(request: web.Request) -> web.StreamResponse:
    """Answer with the file that ``path`` of the route names.

    Raises:
        HTTPNotFound: there is no such file.
    """
    # aiohttp's own static route sends no response for an impossible file name (too long, or with a NUL).
    file = STATIC / request.match_info["path"]
    try:
        file = file.resolve(strict=True)
    except (OSError, ValueError):
        raise web.HTTPNotFound from None
    if not file.is_relative_to(STATIC) or not file.is_file():
        raise web.HTTPNotFound
    # Python 3.12 knows the type from the system's list only, which slim images lack.
    return FileResponse(file, headers={"Content-Type": "image/webp"} if file.suffix == ".webp" else None)
