"""Several peers of a benchmark at once, each a process of its own: the client must not be what is measured."""

import asyncio
import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from time import monotonic

from acutance.server.bench.peer import PeerError, RefusedError, Sending, Trip, round_trip

# Not forked: a fork of a process with threads (FFmpeg's) may deadlock.
_SPAWN = multiprocessing.get_context("spawn")
_LOOK_EVERY_S = 1.0
_END_S = 5.0


@dataclass(frozen=True)
class Refused:
    """A session that the server had no room for.

    Attributes:
        message: what it said.
    """

    message: str


type Outcome = Trip | Refused


class _Peer:
    """One process, ready to begin."""

    def __init__(self, url: str, sending: Sending):
        self.pipe, theirs = _SPAWN.Pipe()
        # daemon: it ends with this process, whatever happens to it.
        self._process = _SPAWN.Process(target=_run_peer, args=(theirs, url, sending), daemon=True)
        self._process.start()
        theirs.close()

    def await_ready(self) -> None:
        self._take()

    def begin(self) -> None:
        self.pipe.send("begin")

    def outcome(self) -> Outcome:
        taken = self._take()
        if isinstance(taken, Trip | Refused):
            return taken
        raise PeerError(str(taken))

    def end(self) -> None:
        self._process.terminate()
        self._process.join()
        self.pipe.close()

    def _take(self) -> object:
        try:
            return self.pipe.recv()
        except EOFError:
            self._process.join(_END_S)
            raise PeerError(
                f"a peer's process ended with code {self._process.exitcode}: see its message above"
            ) from None


def run_sessions(
    url: str, sending: Sending, sessions: int = 1, stagger: float = 0.0, look: Callable[[], None] = lambda: None
) -> list[Outcome]:
    """Send the same stream from several processes to the server at ``url``.

    Args:
        url: of the server.
        sending: what each of them sends.
        sessions: how many.
        stagger: seconds from one's beginning to the next one's.
        look: called when the first one begins, then every second for as long as none of them can have left.

    Returns:
        What became of each.

    Raises:
        PeerError: one failed otherwise than by a refusal.
    """
    peers = [_Peer(url, sending) for _ in range(sessions)]
    try:
        # Importing takes each of them a second of processor time: before the measurement.
        for peer in peers:
            peer.await_ready()
        return _run(peers, stagger, sending.count / sending.plan.rate, look)
    finally:
        for peer in peers:
            peer.end()


def _run(peers: list[_Peer], stagger: float, seconds: float, look: Callable[[], None]) -> list[Outcome]:
    started = looked = monotonic()
    leaves = started + seconds
    look()
    begun = 0
    outcomes: dict[int, Outcome] = {}
    while len(outcomes) < len(peers):
        while begun < len(peers) and monotonic() >= started + begun * stagger:
            peers[begun].begin()
            begun += 1
        if looked + _LOOK_EVERY_S <= monotonic() <= leaves:
            looked = monotonic()
            look()
        waiting = {id(peer.pipe): index for index, peer in enumerate(peers) if index not in outcomes}
        ready = wait([peers[index].pipe for index in waiting.values()], timeout=0.1)
        for index in [waiting[id(pipe)] for pipe in ready]:
            outcomes[index] = peers[index].outcome()
    return [outcomes[index] for index in range(len(peers))]


def _run_peer(pipe: Connection, url: str, sending: Sending) -> None:
    # Ctrl-C reaches this process, too; who started it ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pipe.send("ready")
    pipe.recv()
    outcome: Outcome | str
    try:
        outcome = asyncio.run(round_trip(url, sending))
    except RefusedError as error:
        outcome = Refused(str(error))
    except PeerError as error:
        outcome = str(error)
    pipe.send(outcome)
