"""Limits on the sessions of each client and on handshakes, as a pure function."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from acutance.server.security.tokens import Caller


@dataclass(frozen=True)
class Client:
    """The client that a session belongs to.

    Attributes:
        caller: the identity from its token; the same for all clients if no token is needed.
        address: its IPv4 address or IPv6 network, see `addresses.client_network`; empty if unknown.
    """

    caller: Caller = field(default_factory=Caller)
    address: str = ""


class CountedSession(Protocol):
    """A session or viewer that counts against the limits."""

    @property
    def client(self) -> Client:
        """The client of the session."""
        ...

    @property
    def connected(self) -> bool:
        """Whether ICE and DTLS have completed."""
        ...


@dataclass(frozen=True)
class ActiveSession:
    """A `CountedSession` as a value."""

    client: Client
    connected: bool


@dataclass(frozen=True)
class Quota:
    """Maximum numbers of simultaneous sessions and viewers; None for no limit.

    Attributes:
        per_address: for each client address.
        per_token: for each token that has no limit of its own.
        handshakes: those of all clients that are not connected yet.
    """

    per_address: int | None = None
    per_token: int | None = None
    handshakes: int | None = None

    def refusal_reason(self, client: Client, active: Iterable[CountedSession]) -> str | None:
        """Return why this client may not start another session; None if it may."""
        active = list(active)
        waiting = sum(not one.connected for one in active)
        if self.handshakes is not None and waiting >= self.handshakes:
            return f"{waiting} peers are connecting, the maximum of this server"
        if self.per_address is not None and client.address:
            of_address = sum(one.client.address == client.address for one in active)
            if of_address >= self.per_address:
                return f"this client address has {of_address} sessions, its maximum"
        most = client.caller.sessions if client.caller.sessions is not None else self.per_token
        if most is not None and client.caller.name:
            of_token = sum(one.client.caller.name == client.caller.name for one in active)
            if of_token >= most:
                return f"the token {client.caller.name} has {of_token} sessions, its maximum"
        return None
