"""Requests to other servers: the answer is read up to a limit, and credentials go to one origin.

The other server is not trusted. No redirect is followed here, no cookie is kept, no compressed body is unpacked, and
no proxy or credential is taken from the environment.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL


class ForeignError(RuntimeError):
    """Another server did not answer, or not within the limits; the message says why, without secrets of the URL."""


@dataclass(frozen=True)
class ForeignAnswer:
    """The answer of another server.

    Attributes:
        status: HTTP status code.
        headers: header fields.
        body: at most as many bytes as were asked for.
    """

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8; bytes that are none are replaced."""
        return self.body.decode("utf-8", "replace")


async def fetch(
    method: str,
    url: URL,
    *,
    largest: int,
    seconds: float,
    data: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ForeignAnswer:
    """Send one request and read the whole answer.

    Args:
        method: HTTP method.
        url: of ``http`` or ``https``; user and password in it are not sent (see `Credentials`).
        largest: limit of the body, in bytes.
        seconds: limit from the look-up of the name to the last byte.
        data: body of the request.
        headers: of the request.

    Raises:
        ForeignError: no answer, or one beyond the limits.
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
                raise ForeignError(f"{without_secrets(url)} sent a compressed body, which was not asked for")
            body = await _read(response.content, largest)
            if body is None:
                raise ForeignError(f"the answer of {without_secrets(url)} is longer than {largest} bytes")
            return ForeignAnswer(response.status, response.headers, body)
    # ValueError: aiohttp's word for a header or an address that cannot be sent.
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise ForeignError(f"no answer from {without_secrets(url)}: {reason(error)}") from error


async def _read(content: aiohttp.StreamReader, largest: int) -> bytes | None:
    """Return the body, which one ``read`` may give in parts; None where it is longer."""
    body = bytearray()
    while chunk := await content.readany():
        body += chunk
        if len(body) > largest:
            return None
    return bytes(body)


@dataclass(frozen=True)
class Credentials:
    """An ``Authorization`` header and the one origin (RFC 6454: scheme, host and port) that it is for.

    Attributes:
        origin: of the server that gave the credentials out.
        authorization: value of the header; None for none.
    """

    origin: URL
    authorization: str | None = field(default=None, repr=False)

    @classmethod
    def for_endpoint(cls, url: URL, token: str | None) -> "Credentials":
        """Return a bearer token (RFC 6750) for the origin of ``url``, else user and password in the URL (RFC 7617)."""
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
    """Return ``url`` without user, password, query and fragment, as it may be shown.

    Args:
        url: absolute.
        query: whether the query stays.
    """
    shown = url.with_user(None).with_fragment(None)
    return shown if query else shown.with_query(None)


def web_url(text: str, base: URL | None = None) -> URL:
    """Return an absolute URL of ``http`` or ``https``.

    Args:
        text: an address that somebody else wrote; relative only with ``base``.
        base: what it is relative to.

    Raises:
        ValueError: it is none.
    """
    url = URL(text) if base is None else base.join(URL(text))
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("it must begin with http:// or https:// and name a host")
    return url


def reason(error: BaseException) -> str:
    """Return in words why an HTTP request failed."""
    if isinstance(error, TimeoutError):
        return "timed out"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"cannot connect ({error.os_error.strerror or error.os_error})"
    return str(error) or type(error).__name__
