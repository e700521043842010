"""Whether the processors can carry one more session: a pure decision over measurements of the running sessions."""

from collections.abc import Sequence
from dataclasses import dataclass

# Share of the processors that is filled; the rest is for moments of more work.
_FULL = 0.9
# Seconds after which a session shows in the measured load.
SETTLING_S = 5.0
# Processors that a session needs without its student, used while no session runs that could be measured: 720p at
# 30 frames/s, decoded and encoded (docs/benchmarks, the table by threads).
NOMINAL_BASE = 0.4
# Below this share of the received frames, a session does not run in real time.
_HEALTHY = 0.8


@dataclass(frozen=True)
class SessionLoad:
    """Load of one session.

    Attributes:
        age: seconds since the peer was connected; 0 before.
        student: processors that the student uses: a cheaper one, or none, would free them.
        received, returned: frames/s.
        can_yield: whether the governor can still switch to a cheaper student, or to none.
    """

    age: float
    student: float
    received: float
    returned: float
    can_yield: bool = False

    @property
    def settled(self) -> bool:
        """Whether the session shows in the measured load."""
        return self.age >= SETTLING_S


def refusal_reason(sessions: Sequence[SessionLoad], rest: float, own: float, cpus: float) -> str | None:
    """Return why one more session would push the others below their frame rate; None if it would not.

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
            return f"a session gets {session.returned:.0f} of its {session.received:.0f} frames/s already"
    settled = [session for session in sessions if session.settled]
    students = min(own, sum(session.student for session in sessions))
    base = max((own - students) / len(settled), 0.0) if settled else NOMINAL_BASE
    base = min(base, NOMINAL_BASE * 4)
    unseen = len(sessions) - len(settled)
    needed = rest + (unseen + 1) * base
    if sessions and needed > _FULL * cpus:
        return f"{len(sessions)} running would need {needed:.1f} of {cpus:g} processors with one more"
    return None
