"""Remembers which rungs failed at which size, for all calls of a server, and when another try makes sense."""

from collections import OrderedDict
from dataclasses import dataclass

# The wait after an overload in use, which another program may have caused; and after a try that failed. Each further
# try that fails makes it four times as long.
_AFTER_OVERLOAD_S, _AFTER_TRY_S, _GROWTH, _LONGEST_WAIT_S = 5.0, 60.0, 4.0, 960.0
# A rung that is overloaded soon after a try has passed was not fast enough either.
_FAILED_WITHIN_S = 60.0
# A try is repeated early if the host has become less busy by this share of its processors.
_LESS_BUSY = 0.3
# Tries of several calls at once would measure each other.
_BETWEEN_TRIES_S = 2.0
# Rungs and sizes that are remembered.
_KEPT = 64


@dataclass(frozen=True)
class Failure:
    """The last failure of a rung at one size.

    Attributes:
        wait: seconds from the failure to the next try at the same load.
        retry_at: end of that wait, in seconds on the server's clock.
        carried: pixels per second that the rung could have treated, according to the measurements.
        busy: share of the processors in use before the try; None after an overload in use.
    """

    wait: float
    retry_at: float
    carried: float
    busy: float | None = None


class Failures:
    """The last failure of each rung and size. Shared by the calls of a server, on one event loop.

    Attributes:
        passed, failed: number of tries that have ended so.
    """

    def __init__(self) -> None:
        self.passed = self.failed = 0
        self._last: OrderedDict[tuple[str, int], Failure] = OrderedDict()
        self._tried_at: float | None = None

    def reserve(self, at: float) -> bool:
        """Return whether a try may begin now, ``at`` seconds; if so, other calls wait for some seconds."""
        if self._tried_at is not None and at - self._tried_at < _BETWEEN_TRIES_S:
            return False
        self._tried_at = at
        return True

    def note_overload(self, rung: str, pixels: int, at: float, carried: float, rose_before: float | None) -> None:
        """Record an overload that ended the use of a rung.

        Args:
            rung: its name.
            pixels: of a frame.
            at: seconds on the server's clock.
            carried: see `Failure`.
            rose_before: seconds since a try of this rung has passed; None if it was not reached by a try.
        """
        if rose_before is not None and rose_before < _FAILED_WITHIN_S:
            self._note(rung, pixels, at, carried, self._next_wait(rung, pixels))
        else:
            self._note(rung, pixels, at, carried, _AFTER_OVERLOAD_S)

    def note_failed_try(self, rung: str, pixels: int, at: float, load: float, busy: float) -> None:
        """Record a try that failed.

        Args:
            rung: its name.
            pixels: of a frame.
            at: seconds on the server's clock.
            load: pixels per second, of which the rung is assumed to carry the half.
            busy: see `Failure`.
        """
        self.failed += 1
        self._note(rung, pixels, at, load / 2, self._next_wait(rung, pixels), busy)

    def predict_failure(self, rung: str, at: float, load: float, busy: float) -> bool:
        """Return whether a try is predicted to repeat a failure of any size.

        Args:
            rung: its name.
            at: seconds on the server's clock.
            load: pixels per second to treat.
            busy: share of the processors in use.
        """
        return any(
            at < last.retry_at and load > last.carried and (last.busy is None or busy > last.busy - _LESS_BUSY)
            for (name, _), last in self._last.items()
            if name == rung
        )

    def _next_wait(self, rung: str, pixels: int) -> float:
        before = self._last.get((rung, pixels))
        if before is None or before.wait < _AFTER_TRY_S:
            return _AFTER_TRY_S
        return min(_GROWTH * before.wait, _LONGEST_WAIT_S)

    def _note(self, rung: str, pixels: int, at: float, carried: float, wait: float, busy: float | None = None) -> None:
        self._last[rung, pixels] = Failure(wait, at + wait, carried, busy)
        self._last.move_to_end((rung, pixels))
        if len(self._last) > _KEPT:
            self._last.popitem(last=False)
