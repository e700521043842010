"""Covers a frame with remembered luma where it fits."""

from dataclasses import dataclass

import cv2
import numpy as np

from acutance.model.memory.fit import fit_of
from acutance.model.memory.observed import Observed
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.memory.quality import CLEARLY_BETTER
from acutance.model.memory.reduced import Reduced, as_plane, enlarged
from acutance.model.planes import Plane

_MARGIN = 16
"""Fit by which the aligned plate must be better than the plate as it lies."""


@dataclass(frozen=True)
class Candidate:
    """Remembered luma that may cover a frame: the plate as it lies, or aligned.

    Attributes:
        luma: uint8 `[H, W]`.
        reduced: The same on the quarter grid.
        known: Cells of the quarter grid that hold something clearly sharper than the frame, as 255; others 0.
    """

    luma: Plane
    reduced: Reduced
    known: Plane

    def fit(self, frame: Observed) -> Plane:
        """Return how well it fits, uint8 of the quarter grid, see `fit_of`; 0 where it holds nothing."""
        return as_plane(cv2.bitwise_and(fit_of(self.reduced, frame), self.known))


def cover(candidate: Candidate, frame: Observed) -> PlatePlanes:
    """Cover a frame with the remembered luma where it fits."""
    return _covered(candidate.luma, candidate.fit(frame), frame)


def cover_with_best(still: Candidate, aligned: Candidate, frame: Observed) -> PlatePlanes:
    """Cover a frame with whichever of two candidates fits better in each place; equals go to `still`."""
    as_it_lies, moved = still.fit(frame), aligned.fit(frame)
    # What lies still is sharper as it lies: warping interpolates.
    needed = cv2.convertScaleAbs(cv2.blur(as_it_lies, (3, 3)), alpha=1, beta=_MARGIN)
    better = cv2.compare(moved, needed, cv2.CMP_GT).astype(np.uint8, copy=False)
    fit = cv2.copyTo(moved, better, as_it_lies.copy())
    planes = _covered(still.luma, fit.astype(np.uint8, copy=False), frame)
    # The fit of such a cell is above the margin, so that it is interpolated to more than 0 in each of its pixels.
    cv2.copyTo(aligned.luma, enlarged(better, frame.luma.shape, cv2.INTER_NEAREST), planes.plate)
    return planes


def helpful(frame: Observed) -> float:
    """Return the largest coarseness at which a block helps this frame."""
    return CLEARLY_BETTER * frame.coarseness


def _covered(remembered: Plane, fit: Plane, frame: Observed) -> PlatePlanes:
    whole = enlarged(fit, frame.luma.shape)
    plate = cv2.copyTo(remembered, whole, np.ascontiguousarray(frame.luma).copy())
    return PlatePlanes(plate.astype(np.uint8, copy=False), whole)
