"""Reads request bodies within limits of size and time."""

import asyncio
from dataclasses import dataclass

from aiohttp import web

from acutance.server.errors import RequestError
from acutance.server.options.limits import BODY_TIMEOUT_S, LARGEST_BODY


@dataclass(frozen=True)
class BodyLimits:
    """Limits of a request body.

    Attributes:
        largest: size in bytes; a larger one gets 413.
        timeout: seconds within which the body must arrive; a slower one gets 408.
    """

    largest: int = LARGEST_BODY
    timeout: float = BODY_TIMEOUT_S


BODY_LIMITS = web.AppKey("body_limits", BodyLimits)


async def read_body(request: web.Request) -> bytes:
    """Return the decoded body of a request.

    Raises:
        HTTPRequestEntityTooLarge: the body exceeds the application's ``client_max_size``.
        RequestError: 408 if the body did not arrive in time.
    """
    timeout = request.app.get(BODY_LIMITS, BodyLimits()).timeout
    try:
        async with asyncio.timeout(timeout):
            return await request.read()
    except TimeoutError:
        # RFC 9110, section 15.5.9: the connection is closed, because the rest of the body could follow.
        raise RequestError(
            408, "slow_body", f"The body did not arrive within {timeout:g} s: send it at once.", {"Connection": "close"}
        ) from None
