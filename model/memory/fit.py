"""How well remembered luma fits the present frame, judged by what a poor connection still carries.

Three tests on the quarter grid, each of which finds other content: the low-passed luma differs by more than the codec
explains; the mean luma of a cell does; or the frame has detail that the plate has not at that place. What lies in the
middle of other content is other content too, even if it looks alike.
"""

from functools import lru_cache

import cv2
import numpy as np

from acutance.model.memory.observed import Observed
from acutance.model.memory.reduced import Reduced, as_plane, difference, energy
from acutance.model.planes import Plane

LOW, MEAN = 1.5, 1.7
"""Largest differences of low-passed and of mean luma, as shares of the codec's tolerance. All limits here were chosen
on drawn changes and validation clips, see docs/quality/memory.md."""
_UNEXPLAINED, _NOISE = 0.7, 0.5
"""Largest energy of the difference of both details, as a share of the weaker one; and the root mean square detail, as a
share of the codec's tolerance, that is noise."""
_AROUND, _SURROUNDED = (11, 11), 0.35
"""A cell is surrounded if this share of the 11x11 cells around it does not fit."""
_COUNTED = np.minimum(np.arange(256), 1).astype(np.uint8)
"""1 for any value but 0."""
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
    other = as_plane(
        cv2.bitwise_or(_above(apart, LOW * tolerance), _other_detail(remembered, frame.reduced, tolerance))
    )
    cv2.bitwise_or(other, _above(difference(remembered.mean, frame.reduced.mean), MEAN * tolerance), other)
    around = cv2.boxFilter(
        cv2.LUT(other, _COUNTED), cv2.CV_16U, _AROUND, normalize=False, borderType=cv2.BORDER_REPLICATE
    )
    cv2.bitwise_or(other, _above(around, _SURROUNDED * _AROUND[0] * _AROUND[1]), other)
    fit = cv2.erode(cv2.LUT(apart, _fit_of_difference(tolerance)), _BLUR, borderType=cv2.BORDER_REPLICATE)
    return as_plane(cv2.subtract(fit, cv2.dilate(other, _SPREAD, borderType=cv2.BORDER_REPLICATE)))


def _above(values: cv2.typing.MatLike, limit: float) -> Plane:
    """Return 255 where whole numbers are above a limit, 0 elsewhere."""
    return as_plane(cv2.threshold(values, int(limit), 255, cv2.THRESH_BINARY)[1])


def _other_detail(remembered: Reduced, present: Reduced, tolerance: float) -> Plane:
    """Return 255 for cells in which the detail of both frames differs by more than noise and the weaker one explain."""
    weaker = np.minimum(remembered.energy, present.energy)
    weaker *= np.float32(_UNEXPLAINED)
    weaker += np.float32((_NOISE * tolerance) ** 2)
    return as_plane(cv2.compare(energy(remembered.detail - present.detail), weaker, cv2.CMP_GT))


@lru_cache(maxsize=64)
def _fit_of_difference(tolerance: float) -> Plane:
    share = np.arange(256) / tolerance
    return np.rint(255 * np.clip(1 - share, 0, 1)).astype(np.uint8)
