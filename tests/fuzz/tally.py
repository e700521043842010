"""What was tried and how long the answers took, by door."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

# No answer takes longer, on a machine that does other things, too.
LONGEST_S = 1.0


@dataclass
class Tried:
    """Of one door.

    Attributes:
        inputs: how many.
        slowest: answer, in seconds.
    """

    inputs: int = 0
    slowest: float = 0.0


TALLY: dict[str, Tried] = {}


def timed[T](door: str, call: Callable[[], T]) -> tuple[T, float]:
    """Call, count one input of a door, and return what came and in how many seconds.

    What was too slow is called once more, and the shorter time counts: a busy machine is slow once, a hang each time.
    """
    result, seconds = _timed(call)
    if seconds > LONGEST_S:
        result, again = _timed(call)
        seconds = min(seconds, again)
    note(door, seconds)
    return result, seconds


def _timed[T](call: Callable[[], T]) -> tuple[T, float]:
    begun = perf_counter()
    return call(), perf_counter() - begun


def note(door: str, seconds: float) -> None:
    """Count one input that took so long."""
    tried = TALLY.setdefault(door, Tried())
    tried.inputs += 1
    tried.slowest = max(tried.slowest, seconds)


def table() -> list[str]:
    """Return the lines that say it, all doors together in the last one."""
    rows = [(door, tried.inputs, tried.slowest) for door, tried in sorted(TALLY.items())]
    total = ("all", sum(row[1] for row in rows), max((row[2] for row in rows), default=0.0))
    return [f"{door:<16} {inputs:>7} inputs, slowest {slowest * 1e3:7.1f} ms" for door, inputs, slowest in (*rows, total)]
