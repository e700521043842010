"""Names of streams are taken in the whole cluster, also if two doors are asked for the same one in the same moment.

Doors learn from the nodes which streams are live, a moment later. So a door claims the name of a new stream first, at
the two nodes that a hash of the name chooses: all doors ask the same ones, in the same order. Two, because doors may
disagree for a moment about which nodes there are.
"""

import hashlib
import heapq
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from acutance.server.errors import RequestError
from acutance.server.sessions.streams import TakenError
from acutance.server.signalling.requests import ClaimStream
from acutance.server.workers.carrier import Carrier, CarrierLostError
from acutance.server.workers.roster import Roster

_REGISTRARS = 2
# Of a node for its reply; one that takes longer is left out.
_ASK_S = 0.5
# A session is placed within three times two seconds.
_PLACING_S = 10.0
# After a session has begun, until all doors know of it: one without a report for so long is not used.
_SPREADING_S = 3.0


@dataclass
class Claims:
    """The names that doors have claimed at this node; ``clock`` is in seconds."""

    clock: Callable[[], float] = monotonic
    _held: dict[str, tuple[str, float]] = field(default_factory=dict)

    def claim(self, request: ClaimStream) -> bool:
        """Note a claim, unless another door has one; return whether it is noted. Zero seconds end it."""
        now = self.clock()
        self._held = {name: held for name, held in self._held.items() if held[1] > now}
        holder, _ = self._held.get(request.stream, (request.holder, now))
        if holder != request.holder:
            return False
        self._held[request.stream] = request.holder, now + request.seconds
        return True


class Names:
    """Claims names for a door. Belongs to one event loop."""

    def __init__(self, roster: Roster):
        """Create it; ``roster`` has the nodes."""
        self._roster = roster
        self._holder = secrets.token_hex(8)
        self._claiming: set[str] = set()

    @asynccontextmanager
    async def claimed(self, stream: str) -> AsyncIterator[None]:
        """Claim a name while the block places its session, and then until the other doors know of the session.

        Raises:
            TakenError: another publisher has claimed it.
        """
        if stream in self._claiming:
            raise TakenError(stream)
        self._claiming.add(stream)
        holding: list[Carrier] = []
        left_s = 0.0
        try:
            for node in self._ranked(stream):
                granted = await self._ask(node, stream, _PLACING_S)
                if granted is False:
                    raise TakenError(stream)
                holding += [node] if granted else []
                if len(holding) == _REGISTRARS:
                    break
            yield
            left_s = _SPREADING_S
        finally:
            for node in holding:
                await self._ask(node, stream, left_s)
            self._claiming.discard(stream)

    def _ranked(self, stream: str) -> Iterable[Carrier]:
        """Return the nodes that may be asked, in the order of all doors."""
        nodes = [each for each in self._roster.carriers.values() if each.responds]

        def rank(node: Carrier) -> bytes:
            return hashlib.sha256(f"{node.name} {stream}".encode()).digest()

        # More than are needed, because one may not answer.
        return heapq.nsmallest(2 * _REGISTRARS, nodes, key=rank)

    async def _ask(self, node: Carrier, stream: str, seconds: float) -> bool | None:
        """Return whether a node grants a claim for some seconds; None if it does not reply, or knows no claims."""
        try:
            return await node.ask(ClaimStream(stream=stream, holder=self._holder, seconds=seconds), _ASK_S)
        except (CarrierLostError, RequestError):
            return None
