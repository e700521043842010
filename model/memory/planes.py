"""The input planes that a student gets from the plate: the plate itself, and how well it fits the present frame."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from acutance.model.memory.blocks import Mask, cells
from acutance.model.memory.low_pass import difference, enlarged, low_pass
from acutance.model.memory.observed import Observed
from acutance.model.memory.quality import CLEARLY_BETTER
from acutance.model.planes import Plane

COUNT = 2
"""Number of input planes."""
_SPREAD = np.ones((3, 3), np.uint8)
"""Content that does not fit is left out with one more cell on each side: the low pass blurs its edge."""


@dataclass(frozen=True)
class PlatePlanes:
    """The planes of one frame.

    Attributes:
        plate: Remembered luma, uint8 `[H, W]`. Where nothing is remembered, or it does not fit, the present frame: so
            a student cannot show there what was.
        fit: uint8 `[H, W]`: 255 where the plate fits, 0 where `plate` is the present frame. In between, it falls with
            the low-passed difference, in shares of what the codec explains.
    """

    plate: Plane
    fit: Plane

    @property
    def share(self) -> float:
        """Share of pixels that the plate covers, 0 to 1."""
        return cv2.countNonZero(self.fit) / self.fit.size


@dataclass(frozen=True)
class Candidate:
    """Remembered luma that may cover a frame: the plate as it lies, or aligned.

    Attributes:
        luma: uint8 `[H, W]`.
        low: The low-passed luma.
        known: Cells of the quarter grid that hold something clearly sharper than the frame, as 255; others 0.
    """

    luma: Plane
    low: Plane
    known: Plane

    @classmethod
    def of_blocks(cls, luma: Plane, low: Plane, known: Mask) -> "Candidate":
        """Return a candidate with a mask of blocks."""
        return cls(luma, low, cells(known, low.shape))

    @classmethod
    def warped(cls, luma: Plane, known: Plane) -> "Candidate":
        """Return a candidate with a mask of cells, and low-pass its luma."""
        return cls(luma, low_pass(luma), known)

    def fit(self, frame: Observed) -> Plane:
        """Return how well it fits, uint8 of the quarter grid, see `PlatePlanes.fit`."""
        fit = cv2.LUT(difference(self.low, frame.low), _fit_of_difference(frame.tolerance))
        fit = cv2.erode(fit, _SPREAD, borderType=cv2.BORDER_REPLICATE)
        return cv2.bitwise_and(fit, self.known).astype(np.uint8, copy=False)


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
    _, whole = cv2.threshold(enlarged(better, frame.luma.shape), 127, 255, cv2.THRESH_BINARY)
    luma = cv2.copyTo(aligned.luma, whole, still.luma.copy())
    return _covered(luma.astype(np.uint8, copy=False), fit.astype(np.uint8, copy=False), frame)


_MARGIN = 16
"""Fit by which the aligned plate must be better than the plate as it lies."""


def no_plate(luma: Plane) -> PlatePlanes:
    """Return the planes of a frame without a plate."""
    return PlatePlanes(luma, np.zeros(luma.shape, np.uint8))


def helpful(frame: Observed) -> float:
    """Return the largest coarseness at which a block helps this frame."""
    return CLEARLY_BETTER * frame.coarseness


def _covered(remembered: Plane, fit: Plane, frame: Observed) -> PlatePlanes:
    whole = enlarged(fit, frame.luma.shape)
    plate = cv2.copyTo(remembered, whole, np.ascontiguousarray(frame.luma).copy())
    return PlatePlanes(plate.astype(np.uint8, copy=False), whole)


@lru_cache(maxsize=64)
def _fit_of_difference(tolerance: float) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    share = np.arange(256) / tolerance
    return np.rint(255 * np.clip(1 - share, 0, 1)).astype(np.uint8)
