"""Authentication: by token, by JSON Web Token, or none."""

import ipaddress
import socket
from dataclasses import dataclass, field

from acutance.server.errors import RETRY_LATER, RequestError
from acutance.server.security.jwt_keys import JwtVerifier, KeysError
from acutance.server.security.tokens import Caller, Tokens

# RFC 6750, section 3.
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="acutance"'}


@dataclass
class Access:
    """Checks the token of each request. If neither tokens nor a verifier are configured, no token is needed.

    Attributes:
        tokens: the configured bearer tokens.
        verifier: checks JSON Web Tokens of an identity provider; None if none is configured.
    """

    tokens: Tokens = field(default_factory=Tokens)
    verifier: JwtVerifier | None = None

    @property
    def required(self) -> bool:
        """Whether requests need a token."""
        return len(self.tokens) > 0 or self.verifier is not None

    async def caller(self, authorization: str | None) -> Caller:
        """Return the sender of a request with this ``Authorization`` header (RFC 6750, section 2.1).

        Raises:
            RequestError: 401 if the token is missing or not valid, 503 if it cannot be checked now.
        """
        if not self.required:
            return Caller()
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not secret.strip():
            raise RequestError(
                401, "no_token", "This server needs a token: send it as Authorization: Bearer TOKEN.", _CHALLENGE
            )
        secret = secret.strip()
        caller = self.tokens.caller(secret)
        if caller is None and self.verifier is not None and secret.count(".") == 2:
            try:
                caller = await self.verifier.caller(secret)
            except KeysError as error:
                raise RequestError(
                    503, "keys_unavailable", f"Tokens cannot be checked now: {error}.", RETRY_LATER
                ) from error
        if caller is None:
            raise RequestError(
                401, "bad_token", "This token is not valid here: ask the operator of the server for one.", _CHALLENGE
            )
        return caller


def is_loopback(host: str) -> bool:
    """Return whether all addresses of a host name are loopback addresses. Blocks while the system resolves the name."""
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):  # unknown, or malformed, such as with a label of more than 63 characters
        return False
    return all(ipaddress.ip_address(address).is_loopback for address in addresses)
