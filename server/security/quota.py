"""How many sessions one address or one token may have at once: a pure decision."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from acutance.server.security.tokens import Caller


@dataclass(frozen=True)
class Client:
    """Whose a session is.

    Attributes:
        caller: by token; everybody is the same without.
        address: that the offer came from; empty where nobody knows.
    """

    caller: Caller = field(default_factory=Caller)
    address: str = ""


@dataclass(frozen=True)
class ActiveSession:
    """One session for the count.

    Attributes:
        client: whose it is.
        connected: whether ICE and DTLS are through.
    """

    client: Client
    connected: bool


@dataclass(frozen=True)
class Quota:
    """The numbers; None for no limit.

    Attributes:
        per_address, per_token: sessions and viewers at once.
        handshakes: of all addresses together, not connected yet.
    """

    per_address: int | None = None
    per_token: int | None = None
    handshakes: int | None = None

    def refusal_reason(self, client: Client, held: Iterable[ActiveSession]) -> str | None:
        """Return why this client gets no other session beside those that are held, or None."""
        held = list(held)
        waiting = sum(not one.connected for one in held)
        if self.handshakes is not None and waiting >= self.handshakes:
            return f"{waiting} peers are about to connect, as many as the server takes at once"
        if self.per_address is not None and client.address:
            of_address = sum(one.client.address == client.address for one in held)
            if of_address >= self.per_address:
                return f"this address has {of_address} sessions, as many as it may"
        most = client.caller.sessions if client.caller.sessions is not None else self.per_token
        if most is not None and client.caller.name:
            of_token = sum(one.client.caller.name == client.caller.name for one in held)
            if of_token >= most:
                return f"the token {client.caller.name} has {of_token} sessions, as many as it may"
        return None
