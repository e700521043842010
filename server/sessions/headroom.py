"""Decides from measurements of the running sessions whether the processors have capacity for one more."""

from collections.abc import Sequence
from dataclasses import dataclass

# Share of the processors that sessions may use; the rest is for load peaks.
_FULL = 0.9
# Seconds after which the measured load includes a session.
SETTLING_S = 5.0
# Processors that a session needs without its student, if no running session can be measured: for decoding and encoding
# 720p at 30 frames/s (docs/benchmarks, the table by threads).
NOMINAL_BASE = 0.4
# Below this share of the received frames, a session does not run in real time.
_HEALTHY = 0.8


@dataclass(frozen=True)
class SessionLoad:
    """Load of one session.

    Attributes:
        age: seconds since the peer connected; 0 before.
        student: processors that the student uses; a switch to a cheaper student, or to none, would free them.
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
        """Whether the measured load includes the session."""
        return self.age >= SETTLING_S


@dataclass(frozen=True)
class Process:
    """What a process has only once, and all of its sessions share.

    Attributes:
        loop: share of the time in which the event loop computes, 0 to 1.
        gpu: share of the time in which students run on a GPU, 0 to 1.
        sessions: its sessions, if it is one of several processes; None if it has all of them.
    """

    loop: float = 0.0
    gpu: float = 0.0
    sessions: Sequence[SessionLoad] | None = None


def refusal_reason(
    sessions: Sequence[SessionLoad],
    without_students: float,
    own: float,
    cpus: float,
    process: Process = Process(),  # immutable
) -> str | None:
    """Return why one more session would reduce the frame rate of the others; None if it would not.

    Processors that students use count as free, because the governors can switch to cheaper students. The rest, for
    decoding and encoding, is the minimum cost of a session.

    Args:
        sessions: the running sessions.
        without_students: number of processors in use without the students, other programs included.
        own: number of processors that the server uses.
        cpus: number of processors that the server may use.
        process: the event loop and the GPU of the process that would carry it.
    """
    for session in sessions:
        if session.settled and not session.can_yield and session.returned < _HEALTHY * session.received:
            return f"a session gets {session.returned:.0f} of its {session.received:.0f} frames/s already"
    settled = [session for session in sessions if session.settled]
    students = min(own, sum(session.student for session in sessions))
    base = max((own - students) / len(settled), 0.0) if settled else NOMINAL_BASE
    base = min(base, NOMINAL_BASE * 4)
    unmeasured = len(sessions) - len(settled)
    needed = without_students + (unmeasured + 1) * base
    if sessions and needed > _FULL * cpus:
        return f"{len(sessions)} running would need {needed:.1f} of {cpus:g} processors with one more"
    sharing = sessions if process.sessions is None else process.sessions
    settled = [session for session in sharing if session.settled]
    if settled:
        growth = (len(sharing) + 1) / len(settled)
        if process.loop * growth > _FULL:
            return f"the event loop would be busy {100 * process.loop * growth:.0f} % of the time with one more"
        # As long as a governor can switch to a cheaper student, GPU time counts as free, like that of processors.
        if process.gpu * growth > _FULL and not any(session.can_yield for session in sessions):
            return f"the GPU would be busy {100 * process.gpu * growth:.0f} % of the time with one more"
    return None
