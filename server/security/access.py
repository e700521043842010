"""Who may use the server: by token, by JWT, or everybody."""

import ipaddress
import socket
from dataclasses import dataclass, field

from acutance.server.security.jwt_keys import JwtVerifier, KeysError
from acutance.server.security.tokens import Caller, Tokens


class AccessError(ValueError):
    """A request without the right to what it asks for.

    Attributes:
        status: 401 where a token is missing or wrong, 503 where it cannot be checked now.
        code: one word for programs.
    """

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class Access:
    """What is asked of a request before it is served. Without tokens and JWTs, nothing.

    Attributes:
        tokens: those that were configured.
        verifier: of an identity provider's tokens; None without one.
    """

    tokens: Tokens = field(default_factory=Tokens)
    verifier: JwtVerifier | None = None

    @property
    def required(self) -> bool:
        """Whether a request needs a token."""
        return len(self.tokens) > 0 or self.verifier is not None

    async def caller(self, authorization: str | None) -> Caller:
        """Return who sent this ``Authorization`` header (RFC 6750, section 2.1).

        Raises:
            AccessError: it is missing, or no token of this server's.
        """
        if not self.required:
            return Caller()
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise AccessError(401, "no_token", "This server needs a token: send it as Authorization: Bearer TOKEN.")
        secret = secret.strip()
        caller = self.tokens.caller(secret)
        if caller is None and self.verifier is not None and secret.count(".") == 2:
            try:
                caller = await self.verifier.caller(secret)
            except KeysError as error:
                raise AccessError(503, "keys_unavailable", f"Tokens cannot be checked now: {error}.") from error
        if caller is None:
            raise AccessError(401, "bad_token", "This token is not valid here: ask whoever runs the server for one.")
        return caller


def is_loopback(host: str) -> bool:
    """Return whether all addresses of a host name are this machine's own. Asks the system's resolver."""
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # no name, or one that none can be, with a label of more than 63 characters
        return False
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)
