"""Runs several peers of a benchmark at once, each in its own process."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from multiprocessing.connection import Connection, wait
from time import monotonic

from acutance.server.bench.peers.processes import Process, serve
from acutance.server.bench.peers.round_trip import RefusedError, Sending, Trip, round_trip

_OBSERVE_EVERY_S = 1.0


@dataclass(frozen=True)
class Refused:
    """A session for which the server had no room.

    Attributes:
        message: the server's reason.
    """

    message: str


type Outcome = Trip | Refused


class _Question(Enum):
    READY = auto()  # answered when all modules are imported
    BEGIN = auto()  # answered with the outcome


def run_sessions(
    url: str, sending: Sending, sessions: int = 1, stagger: float = 0.0, observe: Callable[[], None] = lambda: None
) -> list[Outcome]:
    """Send the same stream from several processes to the server at ``url``.

    Args:
        url: of the server.
        sending: the stream that each of them sends.
        sessions: number of processes.
        stagger: seconds between the starts of two sessions.
        observe: called when the first session starts, then every second until its frames are sent.

    Returns:
        The outcome of each session.

    Raises:
        PeerError: a session failed for another reason than a refusal.
    """
    peers = [Process(_run_peer, url, sending) for _ in range(sessions)]
    try:
        # Importing takes each process a second of processor time: wait for it before the measurement.
        for peer in peers:
            peer.ask(_Question.READY)
        return _run(peers, stagger, sending.count / sending.plan.rate, observe)
    finally:
        for peer in peers:
            peer.end()


def _run(peers: list[Process], stagger: float, seconds: float, observe: Callable[[], None]) -> list[Outcome]:
    started = observed_at = monotonic()
    last_frame_at = started + seconds
    observe()
    begun = 0
    outcomes: dict[int, Outcome] = {}
    while len(outcomes) < len(peers):
        while begun < len(peers) and monotonic() >= started + begun * stagger:
            peers[begun].send(_Question.BEGIN)
            begun += 1
        if observed_at + _OBSERVE_EVERY_S <= monotonic() <= last_frame_at:
            observed_at = monotonic()
            observe()
        waiting = {id(peer.pipe): index for index, peer in enumerate(peers) if index not in outcomes}
        ready = wait([peers[index].pipe for index in waiting.values()], timeout=0.1)
        for index in [waiting[id(pipe)] for pipe in ready]:
            outcomes[index] = peers[index].receive()
    return [outcomes[index] for index in range(len(peers))]


def _run_peer(pipe: Connection, url: str, sending: Sending) -> None:
    async def answer(question: _Question) -> Outcome | None:
        if question is _Question.READY:
            return None
        try:
            return await round_trip(url, sending)
        except RefusedError as error:
            return Refused(str(error))

    serve(pipe, answer)
