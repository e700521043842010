"""Middleware of every route: response headers, and errors as JSON."""

import logging
from collections.abc import Awaitable, Callable, Collection

from aiohttp import hdrs, web

from acutance.server.errors import RequestError
from acutance.server.http.responses import refusal, refusal_of
from acutance.server.sessions.admission import NotAdmittedError

log = logging.getLogger(__name__)

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LONGEST_ECHO = 200
CONTENT_POLICY = "Content-Security-Policy"


def policy(ancestors: Collection[str] = (), wasm: bool = False) -> str:
    """Return the content security policy of a page that only these origins may show in a frame.

    Args:
        ancestors: the origins.
        wasm: whether scripts may compile WebAssembly.
    """
    scripts = "'self' 'wasm-unsafe-eval'" if wasm else "'self'"
    return (
        f"default-src 'none'; script-src {scripts}; "
        "style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "worker-src 'self'; media-src 'self' blob: mediastream:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors " + (" ".join(sorted(ancestors)) or "'none'")
    )


_SECURITY_HEADERS = {
    CONTENT_POLICY: policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self)",
    "X-Frame-Options": "DENY",  # for browsers without frame-ancestors
    # Both isolate the page, which WebAssembly's threads need; the page uses nothing of other origins.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    # aiohttp's default has the versions of aiohttp and Python.
    "Server": "acutance",
}
# The pages and their modules change together, so a browser must revalidate them. Other responses are not stored.
_CACHE_CONTROL = dict.fromkeys(("/", "/watch/{stream}", "/publish/{stream}", "/static/{path}"), "no-cache")


@web.middleware
async def add_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Add security and cache headers to each response."""
    response = await handler(request)
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    resource = request.match_info.route.resource
    cache = _CACHE_CONTROL.get(resource.canonical) if resource is not None and response.status < 400 else None
    response.headers.setdefault("Cache-Control", cache or "no-store")
    return response


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn each error of a handler into a response with a JSON body."""
    try:
        return await handler(request)
    except RequestError as error:
        # Browsers drop the token on the way to another origin, and the page may only connect to its own.
        browser = hdrs.ORIGIN in request.headers
        if isinstance(error, NotAdmittedError) and error.elsewhere is not None and not browser:
            return refusal(307, "elsewhere", str(error), {"Location": error.elsewhere.rstrip("/") + request.path_qs})
        return refusal_of(error)
    except web.HTTPRequestEntityTooLarge:
        most = request.client_max_size
        return refusal(
            413, "too_large", f"The body is larger than {most} bytes, the limit of this server (--max-body)."
        )
    except (web.RequestPayloadError, ConnectionResetError):  # or the client has closed the connection
        return refusal(400, "bad_body", "The body does not match its headers: it has another encoding or is cut off.")
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        message = f"{request.method} is not supported at this URL, only {allowed}."
        return refusal(405, "method_not_allowed", message, {"Allow": allowed})
    except web.HTTPNotFound:
        return refusal(404, "not_found", f"Nothing was found at {request.path[:_LONGEST_ECHO]}.")
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return refusal(error.status, "http", f"{error.reason}.")
    except Exception:
        # The raw path: line breaks in the decoded one would let a client forge log lines.
        log.exception("%s %s failed", request.method, request.rel_url.raw_path)
        return refusal(500, "internal", "The server failed to process this request; its log has the reason.")
