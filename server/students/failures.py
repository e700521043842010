"""Decides when to retry a rung after an overload: after a growing wait, or at a load that it can carry."""

from dataclasses import dataclass

# The wait after an overload; each failed attempt makes it four times as long. Attempts with a student that is too slow
# lose some ten frames after 5 s, 20 s, 80 s, and then every two minutes.
_FIRST_WAIT_S, _GROWTH, _LONGEST_WAIT_S = 5.0, 4.0, 120.0
# An attempt has failed if it lasts less than twice the wait before it.
_FAILED_WITHIN = 2.0


@dataclass(frozen=True)
class Failure:
    """The last overload on a rung.

    Attributes:
        wait: seconds from the overload to the next attempt at the same load.
        retry_at: end of that wait, in seconds on the session's clock.
        carried: pixels per second that the rung could have treated, according to the measurements.
    """

    wait: float
    retry_at: float
    carried: float


class Failures:
    """The last overload on each rung of one call."""

    def __init__(self) -> None:
        self._by_rung: dict[str, Failure] = {}

    def note(self, rung: str, at: float, carried: float, attempt_s: float | None) -> None:
        """Record an overload that ended the use of a rung.

        Args:
            rung: its name.
            at: seconds on the session's clock.
            carried: see `Failure`.
            attempt_s: seconds since the step up to this rung; None if it was not reached by a step up.
        """
        before = self._by_rung.get(rung)
        wait = before.wait if before is not None else _FIRST_WAIT_S
        failed = attempt_s is not None and attempt_s < _FAILED_WITHIN * wait
        wait = min(_GROWTH * wait, _LONGEST_WAIT_S) if failed else _FIRST_WAIT_S
        self._by_rung[rung] = Failure(wait, at + wait, carried)

    def predict_failure(self, rung: str, at: float, load: float) -> bool:
        """Return whether an attempt is predicted to repeat the last overload.

        Args:
            rung: its name.
            at: seconds on the session's clock.
            load: pixels per second to treat.
        """
        last = self._by_rung.get(rung)
        return last is not None and at < last.retry_at and load > last.carried
