"""The HTTP side: routes and middleware, nothing else."""

import importlib.metadata
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from server.host import FullError, Host
from server.offer import OfferError, read_offer
from server.wishes import WishError

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent.parent / "static"
HOST = web.AppKey("host", Host)
# An offer of a browser has 3 to 8 kB; with many codecs and candidates perhaps 20.
_LARGEST_BODY = 64 * 1024
_RETRY_AFTER_S = 5
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "worker-src 'self'; media-src 'self' blob: mediastream:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self)",
    # The page and its modules change together: a browser must ask each time.
    "Cache-Control": "no-cache",
}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def create_app(host: Host) -> web.Application:
    """Return the application; it starts ``host`` with itself and closes it at its end."""
    app = web.Application(middlewares=[_headers, _errors], client_max_size=_LARGEST_BODY)
    app[HOST] = host
    app.router.add_get("/", _page)
    app.router.add_post("/offer", _offer)
    app.router.add_get("/health", _health)
    app.router.add_static("/static", STATIC)
    app.on_startup.append(_start)
    app.on_shutdown.append(_stop)
    return app


async def _page(request: web.Request) -> web.StreamResponse:
    return web.FileResponse(STATIC / "index.html")


async def _offer(request: web.Request) -> web.StreamResponse:
    offer, wishes = read_offer(await request.read())
    session, sdp = await request.app[HOST].open(offer, wishes)
    return web.json_response({"sdp": sdp, "type": "answer", "session": session})


async def _health(request: web.Request) -> web.StreamResponse:
    host = request.app[HOST]
    best = host.ladder.best
    return web.json_response(
        {
            "status": "ok",
            "version": importlib.metadata.version("acutance"),
            "student": best.student.name,
            "students": list(host.ladder.engines),
            "provider": best.provider,
            "provider_note": best.note,
            "encoder": "NVENC" if host.encoders.nvenc else "x264",
            "encoder_note": host.encoders.note,
            "sessions": host.session_count,
            "max_sessions": host.max_sessions,
            "loop_lag_ms": host.loop_lag.p99_ms(),
            "busy": host.load.busy,
        }
    )


@web.middleware
async def _headers(request: web.Request, handler: _Handler) -> web.StreamResponse:
    response = await handler(request)
    response.headers.update(_SECURITY_HEADERS)
    return response


@web.middleware
async def _errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except OfferError as error:
        return _error(error.status, error.code, str(error))
    except WishError as error:
        return _error(422, "bad_wish", f"This cannot be had: {error}.")
    except FullError as error:
        return _error(503, "full", str(error), {"Retry-After": str(_RETRY_AFTER_S)})
    except web.HTTPRequestEntityTooLarge:
        return _error(413, "too_large", f"The body is larger than {_LARGEST_BODY} bytes: no offer is.")
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        message = f"{request.method} is not served here, only {allowed}."
        return _error(405, "method_not_allowed", message, {"Allow": allowed})
    except web.HTTPNotFound:
        return _error(404, "not_found", f"There is nothing at {request.path}.")
    except web.HTTPException:
        raise
    except Exception:
        log.exception("%s %s failed", request.method, request.path)
        return _error(500, "internal", "The server failed on this request; its log says why.")


def _error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"error": code, "message": message}, status=status, headers=headers)


async def _start(app: web.Application) -> None:
    app[HOST].start()


async def _stop(app: web.Application) -> None:
    await app[HOST].close()
