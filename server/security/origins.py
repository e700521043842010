"""Which web pages may use the server: pure decisions over the Host and Origin headers of a request."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_METHODS = "GET, HEAD, POST, PATCH, DELETE, OPTIONS"
_HEADERS = "Authorization, Content-Type, If-Match, ETag"
# What a script must be able to read of a WHIP answer (RFC 9725).
_EXPOSED = "Location, ETag, Link, Accept-Post, Retry-After, WWW-Authenticate"
_PREFLIGHT_KEPT_S = 600
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]]*)(:\d{1,5})?")


class OriginError(ValueError):
    """An origin that is none; the message says how one looks."""


@dataclass(frozen=True)
class Origins:
    """The pages that may use the server beside its own.

    Attributes:
        allowed: origins as browsers write them, ``https://example.org``, without a path.
        loopback_only: whether the server is for this machine alone: then it must be asked by a name of this machine,
            or a page elsewhere could have its own name point here (DNS rebinding).
    """

    allowed: frozenset[str] = frozenset()
    loopback_only: bool = False

    @classmethod
    def of(cls, given: Iterable[str], loopback_only: bool = False) -> "Origins":
        """Check the origins.

        Raises:
            OriginError: one is not an origin.
        """
        return cls(frozenset(_checked(origin) for origin in given), loopback_only)

    def serves_host(self, host: str | None) -> bool:
        """Return whether a request may name this host."""
        if not self.loopback_only:
            return True
        return _is_this_machine(host or "") or any(_is_of(origin, host) for origin in self.allowed)

    def lets_in(self, origin: str | None, host: str | None) -> bool:
        """Return whether a page of this origin may change something here; programs send none."""
        return origin is None or self.shares_with(origin) or _is_of(origin, host)

    def shares_with(self, origin: str | None) -> bool:
        """Return whether a page of this other origin may read answers (CORS)."""
        return origin is not None and origin.lower() in self.allowed

    def answer_headers(self, origin: str) -> dict[str, str]:
        """Return what an allowed page's browser must see on an answer (Fetch standard, section 3.3)."""
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Expose-Headers": _EXPOSED,
            "Vary": "Origin",
        }

    def preflight_headers(self, origin: str) -> dict[str, str]:
        """Return the answer to what an allowed page's browser asks first."""
        return self.answer_headers(origin) | {
            "Access-Control-Allow-Methods": _METHODS,
            "Access-Control-Allow-Headers": _HEADERS,
            "Access-Control-Max-Age": str(_PREFLIGHT_KEPT_S),
        }


def _checked(origin: str) -> str:
    netloc = _netloc(origin)
    if not origin.lower().startswith(("http://", "https://")) or not netloc or "@" in netloc or origin.count("/") != 2:
        raise OriginError(
            f"{origin[:100]!r} is no origin: write scheme and host as in https://example.org, without a path"
        )
    return origin.lower()


def _is_of(origin: str, host: str | None) -> bool:
    netloc = _netloc(origin)
    return netloc != "" and netloc == host


def _netloc(origin: str) -> str:
    """Return an origin's host and port; empty where it has none, as "null", or cannot be read."""
    try:
        return urlsplit(origin).netloc
    except ValueError:  # half of the brackets of an IPv6 address
        return ""


def _is_this_machine(host: str) -> bool:
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
