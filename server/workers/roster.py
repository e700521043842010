"""The carriers, and what is known about their sessions."""

import asyncio
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice

from acutance.server.security.quota import ActiveSession, Client, CountedSession
from acutance.server.sessions.headroom import SETTLING_S, Process, SessionLoad
from acutance.server.sessions.streams import EndedStreams, TakenError, check_name
from acutance.server.signalling.door import NoSessionError, SessionGoneError
from acutance.server.signalling.session_ids import split
from acutance.server.workers.carrier import Carrier
from acutance.server.workers.placement import Candidate, ordered
from acutance.server.workers.report import SessionReport

# Carriers that have ended; requests for their sessions get another response than those for sessions that never began.
_MOST_GONE = 1000


@dataclass(eq=False)
class Reservation:
    """A session that is being started, and is in no report yet.

    Attributes:
        client: its client.
        publishes: False for a viewer.
        stream: name of the stream that it publishes; None for none.
        carrier: name of the carrier that starts it; empty before one is chosen.
    """

    client: Client
    publishes: bool
    stream: str | None = None
    carrier: str = ""


@dataclass
class Roster:
    """The carriers of the sessions. Belongs to one event loop. It is the census of admission.

    Attributes:
        carriers: the carriers that take sessions, by name.
        ended: the streams that have ended.
        order: sorts those that take one more session, the best one first.
        draw: returns the carriers in the order in which they are considered.
        enough: number of carriers that take one more session beyond which no others are considered.
    """

    carriers: dict[str, Carrier] = field(default_factory=dict)
    ended: EndedStreams = field(default_factory=EndedStreams)
    order: Callable[[Sequence[Candidate]], list[Candidate]] = ordered
    draw: Callable[[Iterable[Carrier]], Iterable[Carrier]] = iter
    enough: int = sys.maxsize
    _reservations: set[Reservation] = field(default_factory=set)
    _live: dict[str, set[str]] = field(default_factory=dict)
    _gone: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_GONE))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def add(self, carrier: Carrier) -> None:
        """Add a carrier."""
        self.carriers[carrier.name] = carrier
        self.updated(carrier)

    def remove(self, carrier: Carrier) -> None:
        """Remove a carrier that has ended, with its sessions."""
        if self.carriers.pop(carrier.name, None) is not None:
            self._gone.append(carrier.name)
            self._end_streams(self._live.pop(carrier.name, set()))

    def updated(self, carrier: Carrier) -> None:
        """Take note of the report of a carrier."""
        if carrier.name not in self.carriers:
            return
        before = self._live.get(carrier.name, set())
        live = {each.stream for each in carrier.report.sessions if each.stream is not None}
        self._live[carrier.name] = live
        for name in live:
            self.ended.discard(name)
        self._end_streams(before - live)

    def _end_streams(self, names: set[str]) -> None:
        for name in names:
            self.ended.add(name)
        self._changed.set()

    def find(self, id: str) -> tuple[Carrier, str]:
        """Return the carrier of a session, and the carrier's own identifier of the session.

        Raises:
            NoSessionError: no carrier has this name.
            SessionGoneError: the carrier has ended, or does not respond.
        """
        name, own = split(id)
        carrier = self.carriers.get(name)
        if carrier is None:
            raise SessionGoneError if name in self._gone else NoSessionError
        if not carrier.responds:
            raise SessionGoneError
        return carrier, own

    def carrier_of(self, stream: str) -> Carrier:
        """Return the carrier of a stream.

        Raises:
            NoStreamError: no stream of this name is live.
        """
        name = next((name for name, streams in self._live.items() if stream in streams), None)
        if name is None:
            raise self.ended.missing(stream)
        return self.carriers[name]

    def check_free(self, stream: str) -> None:
        """Check that a new stream may have this name.

        Raises:
            RequestError: the name is malformed.
            TakenError: a stream of this name is live or about to begin.
        """
        check_name(stream)
        if any(stream in streams for streams in self._live.values()) or any(
            stream == each.stream for each in self._reservations
        ):
            raise TakenError(stream)

    @contextmanager
    def reserved(self, reservation: Reservation) -> Iterator[None]:
        """Count a session that is being started, until the block ends: the carrier has reported it by then."""
        self._reservations.add(reservation)
        try:
            yield
        finally:
            self._reservations.discard(reservation)
            self._changed.set()

    def by_load(self) -> list[Carrier]:
        """Return the carriers that take one more session, the best one for it first."""
        taking = (each for each in self.draw(self.carriers.values()) if self._takes_one(each))
        candidates = [self._candidate(each) for each in islice(taking, self.enough)]
        return [self.carriers[each.name] for each in self.order(candidates)]

    def _takes_one(self, carrier: Carrier) -> bool:
        report = carrier.report
        if not (carrier.responds and report.ready):
            return False
        publishers = sum(each.load is not None for each in report.sessions)
        starting = sum(self._starts(each, carrier) for each in self._reservations)
        return report.max_sessions is None or publishers + starting < report.max_sessions

    def _candidate(self, carrier: Carrier) -> Candidate:
        sessions, load = carrier.report.sessions, carrier.report.load
        starting = sum(self._starts(each, carrier) for each in self._reservations)
        young = sum(each.load is not None and each.load.age < SETTLING_S for each in sessions)
        return Candidate(
            carrier.name,
            sum(each.load is not None for each in sessions) + starting,
            starting + young,
            load.lag_ms,
            load.loop,
            self._gpu_busy(carrier),
            load.processors / carrier.share,
            carrier.share,
        )

    def _gpu_busy(self, carrier: Carrier) -> float:
        """Return the share of the time in which the GPU of a carrier is busy, for all carriers that share it."""
        if carrier.gpu is None:
            return carrier.report.load.gpu
        return sum(each.report.load.gpu for each in self.carriers.values() if each.gpu == carrier.gpu)

    def next_process(self) -> Process:
        """Return the load of the carrier that would get the next session, for admission."""
        carrier = next(iter(self.by_load()), None)
        if carrier is None:
            return Process()
        sessions = [each.load for each in carrier.report.sessions if each.load is not None]
        starting = [SessionLoad(0, 0, 0, 0) for each in self._reservations if self._starts(each, carrier)]
        return Process(carrier.report.load.loop, self._gpu_busy(carrier), [*sessions, *starting])

    @staticmethod
    def _starts(reservation: Reservation, carrier: Carrier) -> bool:
        return reservation.publishes and reservation.carrier == carrier.name

    def publisher_loads(self) -> list[SessionLoad]:
        """Return the load of each publisher."""
        reported = [each.load for each in self._sessions() if each.load is not None]
        return [*reported, *(SessionLoad(0, 0, 0, 0) for each in self._reservations if each.publishes)]

    @property
    def viewer_count(self) -> int:
        """Number of viewers."""
        reported = sum(each.load is None for each in self._sessions())
        return reported + sum(not each.publishes for each in self._reservations)

    def active_sessions(self) -> list[CountedSession]:
        """Return the sessions as they count against the quotas of clients."""
        starting = [ActiveSession(each.client, connected=False) for each in self._reservations]
        return [*self._sessions(), *starting]

    def student_processors(self) -> float:
        """Return the number of processors that the students of all publishers use."""
        return sum(load.student for load in self.publisher_loads())

    async def wait_for_last_publisher(self, carriers: Collection[str] | None = None) -> None:
        """Return when the last publisher has ended: of all carriers, or of those with these names."""
        while self.publisher_loads() if carriers is None else self._publish(carriers):
            self._changed.clear()
            await self._changed.wait()

    def _publish(self, names: Collection[str]) -> bool:
        found = [self.carriers[name] for name in names if name in self.carriers]
        return any(session.load is not None for carrier in found for session in carrier.report.sessions)

    def _sessions(self) -> list[SessionReport]:
        return [session for carrier in self.carriers.values() for session in carrier.report.sessions]
