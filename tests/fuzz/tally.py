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
# Of the server's process, in MiB, whenever it was quiet: after so many inputs.
MEMORY: list[tuple[int, float]] = []


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
    total = ("all", _inputs(), max((row[2] for row in rows), default=0.0))
    return [f"{door:<16} {count:>7} inputs, slowest {slowest * 1e3:7.1f} ms" for door, count, slowest in (*rows, total)]


# Lines of tests that measure something else.
REPORTS: list[str] = []


def note_memory(rss: float) -> None:
    """Keep what the server has now."""
    MEMORY.append((_inputs(), rss))


def memory() -> list[str]:
    """Return the line that says how the server's memory went, where there was one."""
    if not MEMORY:
        return []
    half = next(rss for inputs, rss in MEMORY if inputs >= MEMORY[-1][0] / 2)
    return [f"the server's memory: {MEMORY[0][1]:.0f} MiB, half way {half:.0f}, at the end {MEMORY[-1][1]:.0f}"]


def _inputs() -> int:
    return sum(tried.inputs for tried in TALLY.values())
