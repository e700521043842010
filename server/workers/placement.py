"""Chooses the carrier of a new session: a pure function of what the carriers report."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

# What a call of 1280x720 at 30 frames/s takes of the event loop and of the processors (docs/benchmarks, the table by
# threads), for sessions that the reports do not include yet. Without it, all calls that begin in the same second would
# be placed on the same carrier.
LOOP_EACH = 0.1
PROCESSORS_EACH = 0.4
# With this lag, in milliseconds, a loop counts as full: a frame interval at 30 frames/s. On a busy host, a loop with
# nothing to do can be a third of it late.
_FULL_LAG_MS = 33.0
# Smaller differences in load are noise: the numbers of sessions decide.
_STEP = 0.1


@dataclass(frozen=True)
class Candidate:
    """A carrier to which a session could be given.

    Attributes:
        name: of the carrier.
        sessions: number of its sessions, with those that it is starting.
        recent: number of its sessions that its figures do not include yet.
        lag_ms: lag of its event loop in milliseconds.
        loop: share of the time in which its event loop is busy, 0 to 1.
        gpu: share of the time in which its GPU is busy, 0 to 1.
        processors: share of its part of the processors that is in use, 0 to 1 or more.
        share: number of processors that are its part.
    """

    name: str
    sessions: int = 0
    recent: int = 0
    lag_ms: float = 0.0
    loop: float = 0.0
    gpu: float = 0.0
    processors: float = 0.0
    share: float = 1.0

    @property
    def load(self) -> float:
        """Its load, 0 to 1 or more: that of whatever is used most, with an allowance for the recent sessions."""
        return max(
            self.lag_ms / _FULL_LAG_MS,
            self.loop + self.recent * LOOP_EACH,
            self.gpu,
            self.processors + self.recent * PROCESSORS_EACH / self.share,
        )


def ordered(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return the candidates, the best one first: the least loaded, and of equal ones that with the fewest sessions."""
    return sorted(candidates, key=lambda each: (int(each.load / _STEP), each.sessions, each.load))


def by_twos(candidates: Sequence[Candidate], random: Random) -> list[Candidate]:
    """Return the candidates in an order that many doors with old figures can use at the same time.

    The first one is the better of two random ones, the next one the better of the other and a third, and so on. If each
    door chose the best one, all of them would choose the same, until it reports; see ``acutance bench cells``.
    """
    waiting = list(candidates)
    random.shuffle(waiting)
    chosen = []
    while waiting:
        pair = ordered(waiting[-2:])
        waiting[-2:] = pair[1:]
        chosen.append(pair[0])
    return chosen
