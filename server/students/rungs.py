"""The ways to treat a frame, and what is measured of each frame."""

from dataclasses import dataclass
from enum import Enum

PASS = "pass-through"
REMEMBER = "memory"
"""Only the memory of the call works, aligned to the frame and after no student."""


class Recalls(Enum):
    """What a rung takes from the memory of the call; the values end the names of rungs."""

    NOTHING = ""
    AS_IT_LIES = f"{REMEMBER}, not aligned"
    ALIGNED = REMEMBER


@dataclass(frozen=True)
class Rung:
    """One way to treat a frame.

    Attributes:
        name: such as ``small``, ``small + memory``, ``memory`` or ``pass-through``.
        seconds_per_pixel: service time, measured on this host while it was idle; 0 for ``pass-through``.
        cpu_per_pixel: processor seconds of all threads together; almost 0 on a GPU.
        recalls: what it takes from the memory of the call.
        before: name of the student that works before the memory; None if that works alone, and without a memory.
    """

    name: str
    seconds_per_pixel: float = 0.0
    cpu_per_pixel: float = 0.0
    recalls: Recalls = Recalls.NOTHING
    before: str | None = None

    @property
    def student(self) -> str | None:
        """Name of the student that treats the frame, before the memory; None for none."""
        if self.recalls is not Recalls.NOTHING:
            return self.before
        return None if self.name == PASS else self.name


_LONGEST = 1.25
"""Intervals that both steps of the enhancer may take as if they were one: a frame is delayed by the sum."""


def service_time(preparing: float, finishing: float) -> float:
    """Return the seconds of the enhancer that must fit into the interval between frames.

    Its steps overlap, so that the slower one decides, unless the sum delays a frame too much: with ``--threads 2`` on
    two cores, ``small`` and then the memory took 1.3 intervals in both steps, and the 95th percentile of the delay of a
    call was 115 ms instead of 76 ms with the memory alone.

    Args:
        preparing: seconds of the first step, see `acutance.server.video.enhancer.Enhancer`.
        finishing: seconds of the second one.
    """
    return max(preparing, finishing, (preparing + finishing) / _LONGEST)


@dataclass(frozen=True)
class Sample:
    """The measurements of one frame.

    Attributes:
        at: seconds on the server's clock.
        enhance: seconds of the enhancer, see `service_time`, including the wait for frames of other sessions.
        encode: seconds in the encoder.
        lost: frames that were replaced in a mailbox since the last sample.
        interval: seconds between incoming frames.
        pixels: of the returned frame.
        cpus: how many processors the server may use.
        busy: share of these processors in use, 0 to 1.
    """

    at: float
    enhance: float
    encode: float
    lost: int
    interval: float
    pixels: int
    busy: float = 0.0
    cpus: float = 1

    @property
    def load(self) -> float:
        """Pixels per second to treat."""
        return self.pixels / self.interval
