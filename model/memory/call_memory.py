"""The memory of one call: takes every decoded frame, and returns what a student may take from earlier ones."""

import numpy as np

from acutance.model.hints import Hints
from acutance.model.memory.alignment import Aligner
from acutance.model.memory.observed import Observed
from acutance.model.memory.planes import Candidate, PlatePlanes, cover, cover_with_best, helpful
from acutance.model.memory.plate import Change, Plate
from acutance.model.planes import Plane

SMALLEST = 16
"""Smallest side in pixels of a frame that is remembered."""


class CallMemory:
    """The memory of one call. For one thread at a time.

    Args:
        aligned: Whether the plate is also aligned to the frame by optical flow, and each place takes what fits better.

    Attributes:
        plate: The plate; None before the first frame and after `forget`.
    """

    def __init__(self, *, aligned: bool = False) -> None:
        self.plate: Plate | None = None
        self._aligner = Aligner() if aligned else None

    def add(self, luma: Plane, hints: Hints) -> PlatePlanes | None:
        """Take the next frame of the call, and return the planes for a student.

        Args:
            luma: uint8 `[H, W]`, enlarged to the size of the call if the sender reduced it. Frames of another size than
                the one before start a new plate.
            hints: Hints of the frame; step, bits and reduction are used.

        Returns:
            The planes; None if nothing that is remembered is clearly sharper than the frame, as always while the
            connection is good.
        """
        if min(luma.shape) < SMALLEST:
            return None
        if self.plate is None or self.plate.luma.shape != luma.shape:
            self.plate = Plate.empty(luma.shape)
        frame = Observed(luma, hints)
        if self.plate.observe(frame) in (Change.RENEWED, Change.CUT):
            return None
        known = self.plate.better(helpful(frame))
        if not known.any():
            return None
        still = Candidate.of_blocks(self.plate.luma, self.plate.low, known)
        if self._aligner is None:
            return cover(still, frame)
        return cover_with_best(still, self._aligner.align(still, np.ascontiguousarray(luma)), frame)

    def forget(self) -> None:
        """Forget everything that was seen."""
        self.plate = None
