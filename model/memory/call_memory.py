"""The memory of one call: takes every decoded frame, and returns what a student may take from earlier ones."""

import numpy as np

from acutance.model.hints import Hints
from acutance.model.memory.alignment import Aligner
from acutance.model.memory.blocks import cells
from acutance.model.memory.observed import Observed
from acutance.model.memory.planes import Candidate, cover, cover_with_best, helpful
from acutance.model.memory.plate import Change, Plate
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Plane

SMALLEST = 32
"""Smallest side in pixels of a frame that is remembered: a student that takes a plate works on half of it."""


_USEFUL = 0.01
"""Share of a frame that a plate must cover to count as useful for it."""
_USELESS = 150
"""Frames in a row for which the plate was of no use before it is dropped: 5 s. Looking for what fits costs time."""


class CallMemory:
    """The memory of one call. For one thread at a time.

    Args:
        aligned: Whether the plate is also aligned to the frame by optical flow, and each place takes what fits better;
            `offer` may choose otherwise for a frame.

    Attributes:
        plate: The plate; None before the first frame and after `forget`.
    """

    def __init__(self, *, aligned: bool = False) -> None:
        self.plate: Plate | None = None
        self._useless = 0
        self._aligned = aligned
        self._aligner: Aligner | None = None

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
        frame = Observed(luma, hints)
        return self.offer(frame) if self.observe(frame) else None

    def observe(self, frame: Observed) -> bool:
        """Take the next frame of the call, see `add`; returns whether something older may still be sharper."""
        shape = frame.luma.shape
        if min(shape) < SMALLEST:
            return False
        if self.plate is None or self.plate.luma.shape != shape:
            self.plate = Plate.empty(shape)
        change = self.plate.observe(frame)
        if self._aligner is not None and change is not Change.UPDATED:
            self._aligner.forget()
        return change not in (Change.RENEWED, Change.CUT)

    def offer(self, frame: Observed, *, aligned: bool | None = None) -> PlatePlanes | None:
        """Return the planes for the frame that was observed last, see `add`.

        Args:
            frame: The frame.
            aligned: Whether the plate is also aligned to the frame; None for the choice of the constructor.
        """
        still = self._still(frame)
        if still is None:
            return None
        if not (self._aligned if aligned is None else aligned):
            planes = cover(still, frame)
        else:
            self._aligner = self._aligner or Aligner()
            planes = cover_with_best(still, self._aligner.align(still, frame), frame)
        self._note_share(planes.share)
        return planes

    def fits(self, frame: Observed) -> bool:
        """Return whether something that is remembered fits the frame that was observed last, as it lies."""
        still = self._still(frame)
        if still is None:
            return False
        share = float(np.count_nonzero(still.fit(frame))) / still.known.size
        self._note_share(share)
        return share > 0

    def _still(self, frame: Observed) -> Candidate | None:
        """Return the plate as it lies, where it is clearly sharper than the frame; None if that is nowhere."""
        if self.plate is None:
            return None
        known = self.plate.better(helpful(frame))
        if not known.any():
            return None
        reduced = self.plate.reduced
        return Candidate(self.plate.luma, reduced, cells(known, reduced.low.shape))

    def _note_share(self, share: float) -> None:
        self._useless = 0 if share >= _USEFUL else self._useless + 1
        if self._useless >= _USELESS:
            self.forget()

    def age(self, frame: Observed) -> int | None:
        """Return how many frames ago the blocks were seen that are sharper than this frame: their median, or None."""
        if self.plate is None:
            return None
        seen = self.plate.quality.seen[self.plate.better(helpful(frame))]
        return self.plate.frames - 1 - int(np.median(seen)) if seen.size else None

    def forget(self) -> None:
        """Forget everything that was seen."""
        self.plate, self._useless = None, 0
        if self._aligner is not None:
            self._aligner.forget()
