"""The files of the pages, under /static/."""

from pathlib import Path

from aiohttp import web

from acutance.server.http.connections import FileResponse

STATIC = Path(__file__).resolve().parents[2] / "static"


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
    return FileResponse(file)
