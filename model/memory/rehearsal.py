"""What the memory does with a poor frame, done for a measurement: its cost on this host, and tries beside a call."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, process_time

import numpy as np

from acutance.model.engine.choice import SIZE, Cost
from acutance.model.hints import Hints
from acutance.model.memory.alignment import Aligner
from acutance.model.memory.observed import Observed
from acutance.model.memory.planes import Candidate, cover, cover_with_best
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Plane

_POOR = Hints(step=24.0, bits=0.05, reduction=2.0)
_MOVED = 3
"""Pixels by which the remembered content lies elsewhere: alignment takes longer if it has something to find."""
_ROUNDS = 8


@dataclass(frozen=True)
class PlateCost:
    """The measured cost of finding what is remembered of a poor frame, without the student that takes it.

    Attributes:
        as_it_lies: without alignment.
        aligned: with it.
    """

    as_it_lies: Cost
    aligned: Cost


class Rehearsal:
    """Does the work, and remembers nothing. For one thread at a time."""

    def __init__(self) -> None:
        self._aligner = Aligner()

    def planes(self, luma: Plane, hints: Hints, *, aligned: bool) -> PlatePlanes:
        """Return the planes of a frame of which everything is remembered, a little elsewhere.

        Args:
            luma: uint8 `[H, W]`; only read.
            hints: Hints of the frame.
            aligned: Whether the plate is also aligned to the frame.
        """
        frame, remembered = Observed(luma, hints), Observed(np.roll(luma, _MOVED, 1), hints)
        everything = np.full(frame.reduced.mean.shape, 255, np.uint8)
        still = Candidate(remembered.luma, remembered.reduced, everything)
        planes = cover_with_best(still, self._aligner.align(still, frame), frame) if aligned else cover(still, frame)
        return PlatePlanes(planes.plate, np.full_like(luma, 255))


def measure(clock: Callable[[], float] = perf_counter, cpu_clock: Callable[[], float] = process_time) -> PlateCost:
    """Time the work on a frame of `SIZE`; takes some tenths of a second.

    Args:
        clock: In seconds.
        cpu_clock: Processor time of this process, in seconds.
    """
    width, height = SIZE
    coarse = np.random.default_rng(0).integers(16, 236, (height // 16, width // 16), np.uint8)
    luma = np.repeat(np.repeat(coarse, 16, 0), 16, 1)
    rehearsal = Rehearsal()

    def cost(*, aligned: bool) -> Cost:
        best = float("inf"), float("inf")
        for number in range(-1, _ROUNDS):  # the first round makes the buffers
            begun, cpu_begun = clock(), cpu_clock()
            rehearsal.planes(luma, _POOR, aligned=aligned)
            took, used = clock() - begun, cpu_clock() - cpu_begun
            if number >= 0:
                # Other programs make a run longer, but not its processor time, which is less with one thread only.
                best = min(best[0], took, used), min(best[1], used)
        return Cost(best[0] / luma.size, best[1] / luma.size)

    return PlateCost(cost(aligned=False), cost(aligned=True))
