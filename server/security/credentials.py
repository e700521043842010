"""Credentials for another server, which are sent to one origin only."""

from dataclasses import dataclass, field

import aiohttp
from multidict import CIMultiDict
from yarl import URL


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
