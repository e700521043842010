"""Every use of a private or replaced name of aiohttp, each with a contract test."""

from aiohttp import hdrs, web

_CONTINUE = "100-continue"


def refuse_expectations(app: web.Application) -> None:
    """Refuse a request with an unknown ``Expect`` header (RFC 9110, section 10.1.1) with status 417.

    aiohttp's own check of this header fails on a value that is not UTF-8. It runs after the router, so this check
    replaces the router's method on the instance and runs first.
    """
    find = app.router.resolve

    async def resolve(request: web.Request) -> web.UrlMappingMatchInfo:
        if request.headers.get(hdrs.EXPECT, _CONTINUE).lower() != _CONTINUE:
            raise web.HTTPExpectationFailed
        return await find(request)

    app.router.resolve = resolve  # type: ignore[method-assign]
