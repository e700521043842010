"""Whether one more session fits: a pure decision over what is measured of those that run."""

from collections.abc import Sequence
from dataclasses import dataclass

# The rest is for the moments in which everything happens at once.
_FULL = 0.9
# A session that has just begun is not in the measured load yet.
SETTLING_S = 5.0
# What a session needs at the least, in processors, as long as none runs to be measured: 720p at 30 frames a second,
# decoded and encoded again (docs/benchmarks, the table by threads: all but the student).
NOMINAL_BASE = 0.4
# Below this share of the frames that came, a session is no longer real time.
_HEALTHY = 0.8


@dataclass(frozen=True)
class SessionLoad:
    """One session as it is now.

    Attributes:
        age: seconds since its first frame; 0 before.
        student: processors that its student takes: what stepping down would free.
        received, returned: frames a second.
        can_yield: whether it could do with a cheaper student, or with none.
    """

    age: float
    student: float
    received: float
    returned: float
    can_yield: bool = False

    @property
    def settled(self) -> bool:
        """Whether its load is in what was measured."""
        return self.age >= SETTLING_S


def refusal_reason(sessions: Sequence[SessionLoad], rest: float, own: float, cpus: float) -> str | None:
    """Return why one more session would push the others below their frame rate, or None where it fits.

    The others can step down: what their students take is free for the taking. What remains, decoding and encoding,
    is what a session costs at the least.

    Args:
        sessions: those that run.
        rest: processors that all but the students take, other programs among them.
        own: processors that the server uses.
        cpus: how many the server may use.
    """
    for session in sessions:
        if session.settled and not session.can_yield and session.returned < _HEALTHY * session.received:
            return f"a session gets {session.returned:.0f} of its {session.received:.0f} frames a second already"
    settled = [session for session in sessions if session.settled]
    students = min(own, sum(session.student for session in sessions))
    base = max((own - students) / len(settled), 0.0) if settled else NOMINAL_BASE
    base = min(base, NOMINAL_BASE * 4)
    unseen = len(sessions) - len(settled)
    needed = rest + (unseen + 1) * base
    if sessions and needed > _FULL * cpus:
        return f"{len(sessions)} running would need {needed:.1f} of {cpus:g} processors with one more"
    return None
