"""Counts the tried inputs and the times of their responses, by door."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

# Time limit of a response in seconds, on a host that runs other programs too.
LONGEST_S = 1.0


@dataclass
class Tried:
    """The counts of one door.

    Attributes:
        inputs: number of inputs.
        slowest: time of the slowest response, in seconds.
    """

    inputs: int = 0
    slowest: float = 0.0


TALLY: dict[str, Tried] = {}
# Memory of the server's process whenever it was quiet: number of inputs so far, and MiB.
MEMORY: list[tuple[int, float]] = []


def timed[T](door: str, call: Callable[[], T]) -> tuple[T, float]:
    """Call, count one input of a door, and return the result and the seconds.

    A call that was too slow is repeated, and the shorter time counts: a busy host is slow once, a hang each time.
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
    """Count one input and its time in seconds."""
    tried = TALLY.setdefault(door, Tried())
    tried.inputs += 1
    tried.slowest = max(tried.slowest, seconds)


def table() -> list[str]:
    """Return the report as lines; the last one is the total."""
    rows = [(door, tried.inputs, tried.slowest) for door, tried in sorted(TALLY.items())]
    total = ("all", _inputs(), max((row[2] for row in rows), default=0.0))
    return [f"{door:<16} {count:>7} inputs, slowest {slowest * 1e3:7.1f} ms" for door, count, slowest in (*rows, total)]


# Lines of tests that measure something else.
REPORTS: list[str] = []


def note_memory(rss: float) -> None:
    """Record the resources that the server has now."""
    MEMORY.append((_inputs(), rss))


def memory() -> list[str]:
    """Return a line about the growth of the server's memory, if it was measured."""
    if not MEMORY:
        return []
    half = next(rss for inputs, rss in MEMORY if inputs >= MEMORY[-1][0] / 2)
    return [f"the server's memory: {MEMORY[0][1]:.0f} MiB, half way {half:.0f}, at the end {MEMORY[-1][1]:.0f}"]


def _inputs() -> int:
    return sum(tried.inputs for tried in TALLY.values())
