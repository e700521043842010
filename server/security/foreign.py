"""Requests to other servers, which are not trusted: responses are limited, and credentials are sent to one origin only.

Redirects are not followed here, cookies are not kept, compressed bodies are refused, and proxies and credentials from
the environment are ignored.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


class ForeignError(RuntimeError):
    """Another server sent no response within the limits; the message says why, without secrets of the URL."""


@dataclass(frozen=True)
class ForeignResponse:
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
) -> ForeignResponse:
    """Send one request and read the whole response.

    Args:
        method: HTTP method.
        url: ``http`` or ``https`` URL; a user and password in it are not sent (see `Credentials`).
        largest: maximum size of the response body, in bytes.
        seconds: time limit from name resolution to the last byte.
        data: body of the request.
        headers: header fields of the request.

    Raises:
        ForeignError: no response within the limits.
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
                raise ForeignError(f"{without_secrets(url)} sent a compressed body, which was not requested")
            body = await _read(response.content, largest)
            if body is None:
                raise ForeignError(f"the response of {without_secrets(url)} is longer than {largest} bytes")
            return ForeignResponse(response.status, response.headers, body)
    # aiohttp raises ValueError for a header or an address that cannot be sent.
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ForeignError(f"no answer from {without_secrets(url)}: {reason(error)}") from error


async def _read(content: aiohttp.StreamReader, largest: int) -> bytes | None:
    """Return the whole body; None if it is longer than ``largest`` bytes."""
    body = bytearray()
    while chunk := await content.readany():
        body += chunk
        if len(body) > largest:
            return None
    return bytes(body)


@dataclass(frozen=True)
class Credentials:
    """An ``Authorization`` header and the only origin (RFC 6454: scheme, host and port) to which it may be sent.

    Attributes:
        origin: URL at this origin.
        authorization: value of the header; None for no header.
    """

    origin: URL
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def for_endpoint(cls, url: URL, token: str | None) -> "Credentials":
        """Return credentials for the origin of ``url``: the token (RFC 6750), else its user and password (RFC 7617)."""
        if token:
            return cls(url, f"Bearer {token}")
        if url.user:
            return cls(url, aiohttp.encode_basic_auth(url.user, url.password or "", "utf-8"))
        return cls(url)

    def headers(self, url: URL) -> CIMultiDict[str]:
        """Return the header for a request to ``url``: empty at another origin."""
        if self.authorization is None or not self.are_for(url):
            return CIMultiDict()
        return CIMultiDict({"Authorization": self.authorization})

    def are_for(self, url: URL) -> bool:
        """Return whether ``url`` is at the origin of these credentials."""
        return _origin(url) == _origin(self.origin)


def _origin(url: URL) -> tuple[str, str, int | None]:
    return url.scheme, (url.host or "").lower(), url.port


def without_secrets(url: URL, query: bool = False) -> URL:
    """Return ``url`` without user, password, query and fragment, so that it can be shown.

    Args:
        url: absolute URL.
        query: whether to keep the query.
    """
    shown = url.with_user(None).with_fragment(None)
    return shown if query else shown.with_query(None)


def web_url(text: str, base: URL | None = None) -> URL:
    """Parse an absolute ``http`` or ``https`` URL.

    Args:
        text: URL from an untrusted source; may be relative if ``base`` is given.
        base: URL to which ``text`` is relative.

    Raises:
        ValueError: it is not such a URL.
    """
    url = URL(text) if base is None else base.join(URL(text))
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("it must begin with http:// or https:// and name a host")
    return url


def reason(error: BaseException) -> str:
    """Return a text that says why an HTTP request failed."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect ({error.os_error.strerror or error.os_error})"
    return str(error) or type(error).__name__
