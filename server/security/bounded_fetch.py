"""Requests to servers that are not trusted: the size of a response and the time for it are bounded.

Redirects are not followed here, cookies are not kept, compressed bodies are refused, and proxies and credentials from
the environment are ignored.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDictProxy
from yarl import URL

from acutance.server.security.urls import without_secrets


class FetchError(RuntimeError):
    """There was no response within the limits; the message says why, without secrets of the URL."""


@dataclass(frozen=True)
class FetchedResponse:
    """The response of another server.

    Attributes:
        status: HTTP status code.
        headers: header fields.
        body: complete; at most ``largest`` bytes, see `fetch`.
    """

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8 text; invalid bytes are replaced by U+FFFD."""
        return self.body.decode("utf-8", "replace")


async def fetch(
    method: str,
    url: URL,
    *,
    largest: int,
    seconds: float,
    data: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> FetchedResponse:
    """Send one request and read the whole response.

    Args:
        method: HTTP method.
        url: ``http`` or ``https`` URL; a user and password in it are not sent (see `credentials.Credentials`).
        largest: maximum size of the response body, in bytes.
        seconds: time limit from name resolution to the last byte.
        data: body of the request.
        headers: header fields of the request.

    Raises:
        FetchError: no response within the limits.
    """
    own = {"Accept-Encoding": "identity", **(headers or {})}
    try:
        async with (
            asyncio.timeout(seconds),
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            ) as http,
            http.request(
                method, without_secrets(url, query=True), data=data, headers=own, allow_redirects=False
            ) as response,
        ):
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise FetchError(f"{without_secrets(url)} sent a compressed body, which was not requested")
            body = await _read(response.content, largest)
            if body is None:
                raise FetchError(f"the response of {without_secrets(url)} is longer than {largest} bytes")
            return FetchedResponse(response.status, response.headers, body)
    # aiohttp raises ValueError for a header or an address that cannot be sent.
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise FetchError(f"no answer from {without_secrets(url)}: {_reason(error)}") from error


async def _read(content: aiohttp.StreamReader, largest: int) -> bytes | None:
    """Return the whole body; None if it is longer than ``largest`` bytes."""
    body = bytearray()
    while chunk := await content.readany():
        body += chunk
        if len(body) > largest:
            return None
    return bytes(body)


def _reason(error: BaseException) -> str:
    """Return a text that says why an HTTP request failed."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect ({error.os_error.strerror or error.os_error})"
    return str(error) or type(error).__name__
