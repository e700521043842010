"""How many sessions one address or one token may have at once: a pure decision."""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field

from acutance.server.security.tokens import Caller


@dataclass(frozen=True)
class Holder:
    """Whose a session is.

    Attributes:
        caller: by token; everybody is the same without.
        address: that the offer came from; empty where nobody knows.
    """

    caller: Caller = field(default_factory=Caller)
    address: str = ""


# Of the request that is being served; nobody's outside of one.
HOLDER: ContextVar[Holder] = ContextVar("holder", default=Holder())  # noqa: B039 - frozen


@dataclass(frozen=True)
class Held:
    """One session for the count.

    Attributes:
        holder: whose it is.
        connected: whether ICE and DTLS are through.
    """

    holder: Holder
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

    def obstacle(self, holder: Holder, held: Iterable[Held]) -> str | None:
        """Return why this holder gets no other session beside those that are held, or None."""
        held = list(held)
        waiting = sum(not one.connected for one in held)
        if self.handshakes is not None and waiting >= self.handshakes:
            return f"{waiting} peers are about to connect, as many as the server takes at once"
        if self.per_address is not None and holder.address:
            of_address = sum(one.holder.address == holder.address for one in held)
            if of_address >= self.per_address:
                return f"this address has {of_address} sessions, as many as it may"
        most = holder.caller.sessions if holder.caller.sessions is not None else self.per_token
        if most is not None and holder.caller.name:
            of_token = sum(one.holder.caller.name == holder.caller.name for one in held)
            if of_token >= most:
                return f"the token {holder.caller.name} has {of_token} sessions, as many as it may"
        return None
