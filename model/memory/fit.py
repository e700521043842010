"""How well remembered luma fits the present frame, judged by what a poor connection still carries.

Three tests on the quarter grid, each of which finds other content: the low-passed luma differs by more than the codec
explains; the mean luma of a cell does; or the frame has detail that the plate has not at that place. What lies in the
middle of other content is other content too, even if it looks alike.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from acutance.model.memory.observed import Observed
from acutance.model.memory.reduced import Reduced, as_plane, difference, energy
from acutance.model.planes import Plane

LOW, MEAN = 1.5, 1.7
"""Largest differences of low-passed and of mean luma, as shares of the codec's tolerance. All limits here were chosen
on drawn changes and validation clips, see docs/quality/memory.md."""
_UNEXPLAINED, _NOISE = 0.7, 0.5
"""Largest energy of the difference of both details, as a share of the weaker one; and the root mean square detail, as a
share of the codec's tolerance, that is noise."""
_AROUND, _SURROUNDED = 11, 0.35
"""A cell is surrounded if this share of the 11x11 cells around it does not fit."""
_BLUR = np.ones((3, 3), np.uint8)
"""A cell fits as well as the worst of its neighbours."""
_SPREAD = np.ones((5, 5), np.uint8)
"""What does not fit is extended by 2 cells on each side: the low pass blurs its edge."""


def fit_of(remembered: Reduced, frame: Observed) -> Plane:
    """Return how well remembered luma fits, uint8 of the quarter grid: 0 not at all, 255 without a difference.

    Args:
        remembered: The remembered luma.
        frame: The present frame.
    """
    tolerance = frame.tolerance
    apart = difference(remembered.low, frame.reduced.low)
    other = difference(remembered.mean, frame.reduced.mean) > MEAN * tolerance
    other |= _has_other_detail(remembered, frame.reduced, tolerance)
    other |= apart > LOW * tolerance
    share = cv2.blur(other.astype(np.float32), (_AROUND, _AROUND), borderType=cv2.BORDER_REPLICATE)
    other |= share > _SURROUNDED
    fit = cv2.erode(cv2.LUT(apart, _fit_of_difference(tolerance)), _BLUR, borderType=cv2.BORDER_REPLICATE)
    away = cv2.dilate(other.astype(np.uint8), _SPREAD, borderType=cv2.BORDER_REPLICATE)
    return as_plane(np.where(away > 0, np.uint8(0), as_plane(fit)))


def _has_other_detail(remembered: Reduced, present: Reduced, tolerance: float) -> NDArray[np.bool_]:
    """Return the cells in which the detail of both frames differs by more than noise and the weaker one explain."""
    weaker = np.minimum(remembered.energy, present.energy)
    allowed = _UNEXPLAINED * weaker + np.float32((_NOISE * tolerance) ** 2)
    mask: NDArray[np.bool_] = energy(remembered.detail - present.detail) > allowed
    return mask


@lru_cache(maxsize=64)
def _fit_of_difference(tolerance: float) -> Plane:
    share = np.arange(256) / tolerance
    return np.rint(255 * np.clip(1 - share, 0, 1)).astype(np.uint8)
