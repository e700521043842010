"""What an overload on a rung says of the next attempt: when it is due, and at which loads it need not wait."""

from dataclasses import dataclass

# The wait after a first overload; after each attempt that fails it is four times as long, so that a call that a student
# cannot serve loses some ten frames after 5 s, 20 s, 80 s, and every two minutes from then on.
_FIRST_WAIT_S, _GROWTH, _LONGEST_WAIT_S = 5.0, 4.0, 120.0
# An attempt that fails within twice the wait before it was a mistake; one that lasted longer was worth it.
_MISTAKE = 2.0


@dataclass(frozen=True)
class Failure:
    """The last overload on a rung.

    Attributes:
        wait: seconds from the overload to the next attempt at the same load.
        retry_at: when that wait is over, on the session's clock.
        carried: pixels per second that the rung could have treated, by what was measured.
    """

    wait: float
    retry_at: float
    carried: float


class Failures:
    """The last overload on each rung of one call."""

    def __init__(self) -> None:
        self._by_rung: dict[str, Failure] = {}

    def note(self, rung: str, at: float, carried: float, attempt_s: float | None) -> None:
        """Take an overload.

        Args:
            rung: the name of the rung that is left.
            at: seconds on the session's clock.
            carried: see `Failure`.
            attempt_s: how long ago a step up led to the rung; None if none did.
        """
        before = self._by_rung.get(rung)
        wait = before.wait if before is not None else _FIRST_WAIT_S
        mistake = attempt_s is not None and attempt_s < _MISTAKE * wait
        wait = min(_GROWTH * wait, _LONGEST_WAIT_S) if mistake else _FIRST_WAIT_S
        self._by_rung[rung] = Failure(wait, at + wait, carried)

    def forbid(self, rung: str, at: float, load: float) -> bool:
        """Return whether an attempt would only repeat the last overload.

        Args:
            rung: the name of the rung to be tried.
            at: seconds on the session's clock.
            load: pixels per second that it would treat; a load that the rung could have carried is not forbidden.
        """
        last = self._by_rung.get(rung)
        return last is not None and at < last.retry_at and load > last.carried
