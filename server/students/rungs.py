"""The ways to treat a frame, and what is measured of each frame."""

from dataclasses import dataclass

PASS = "pass-through"
REMEMBER = "memory"
"""Only the memory of the call works, after no student; where it has nothing to add, frames pass through."""


@dataclass(frozen=True)
class Rung:
    """One way to treat a frame.

    Attributes:
        name: of the student, ``memory`` or ``pass-through``.
        seconds_per_pixel: service time, measured on this host while it was idle; 0 for ``pass-through``.
        cpu_per_pixel: processor seconds of all threads together; almost 0 on a GPU.
    """

    name: str
    seconds_per_pixel: float = 0.0
    cpu_per_pixel: float = 0.0


@dataclass(frozen=True)
class Sample:
    """The measurements of one frame.

    Attributes:
        at: seconds on the server's clock.
        enhance: seconds in the enhancer, including the wait for frames of other sessions.
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
