"""Checks the Host and Origin headers of a request: which web pages may use the server."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
_HEADERS = "Authorization, Content-Type, If-Match, ETag"
# The headers of a WHIP response that a script must be able to read (RFC 9725).
_EXPOSED = "Location, ETag, Link, Accept-Post, Retry-After, WWW-Authenticate"
_PREFLIGHT_MAX_AGE_S = 600
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(:\d{1,5})?")


class OriginError(ValueError):
    """A malformed origin; the message shows the right form."""


@dataclass(frozen=True)
class Origins:
    """The origins of the web pages that may use the server, in addition to its own page.

    Attributes:
        allowed: origins as browsers send them, ``https://example.org``, without a path.
        loopback_only: whether only clients on the same host may use the server. Then the ``Host`` header must name this
            host, because another site could point its own name at the loopback address (DNS rebinding).
        embedders: origins of the web pages that may show the page of a stream in a frame.
    """

    allowed: frozenset[str] = frozenset()
    loopback_only: bool = False
    embedders: frozenset[str] = frozenset()

    @classmethod
    def of(cls, given: Iterable[str], loopback_only: bool = False, embedders: Iterable[str] = ()) -> "Origins":
        """Check origins and return them in lower case.

        Raises:
            OriginError: one is not an origin.
        """
        allowed, embedding = (frozenset(_checked(origin) for origin in some) for some in (given, embedders))
        return cls(allowed, loopback_only, embedding)

    def serves_host(self, host: str | None) -> bool:
        """Return whether a request may have this ``Host`` header."""
        if not self.loopback_only:
            return True
        return _is_this_host(host or "") or any(_has_host(origin, host) for origin in self.allowed)

    def admits(self, origin: str | None, host: str | None) -> bool:
        """Return whether requests of this origin may change something; None is for clients that are not browsers."""
        return origin is None or self.shares_with(origin) or _has_host(origin, host)

    def shares_with(self, origin: str | None) -> bool:
        """Return whether pages of this origin may read responses as cross-origin requests (CORS)."""
        return origin is not None and origin.lower() in self.allowed

    def answer_headers(self, origin: str) -> dict[str, str]:
        """Return the headers of a response to an allowed page (CORS, Fetch standard, section 3.3)."""
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _EXPOSED,
            "Vary": "Origin",
        }

    def preflight_headers(self, origin: str) -> dict[str, str]:
        """Return the headers of the response to a preflight request of an allowed page."""
        return self.answer_headers(origin) | {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": str(_PREFLIGHT_MAX_AGE_S),
        }


def _checked(origin: str) -> str:
    netloc = _netloc(origin)
    if not origin.lower().startswith(("http://", "https://")) or not netloc or "@" in netloc or origin.count("/") != 2:
        raise OriginError(
            f"{origin[:100]!r} is not an origin: write scheme and host as in https://example.org, without a path"
        )
    return origin.lower()


def _has_host(origin: str, host: str | None) -> bool:
    netloc = _netloc(origin)
    return netloc != "" and netloc == host


def _netloc(origin: str) -> str:
    """Return host and port of an origin; empty for "null" and malformed ones."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # one bracket of an IPv6 address is missing
        return ""


def _is_this_host(host: str) -> bool:
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"].strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
