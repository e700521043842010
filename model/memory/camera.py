"""Cuts and camera moves, seen by the low-passed difference between the present frame and the plate."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from acutance.model.memory.observed import Observed
from acutance.model.memory.reduced import CELL, difference
from acutance.model.planes import Plane

MOVED = 0.2
"""Share of contradicted blocks from which a move of the camera is searched: a person covers about this much."""
CUT = 0.6
"""Share of contradicted blocks that no move explains, from which the scene is another one."""
_EXPLAINED = 0.6
"""A move counts if it lowers the mean difference to this share."""
_FARTHEST = 0.25
"""Largest move, as a share of the frame: what is left in common is too little beyond it."""
_CENTRE = 256
"""Side in pixels of the part in which the move is refined to whole pixels."""


def find_move(plate: Plane, plate_low: Plane, frame: Observed) -> tuple[int, int] | None:
    """Find how far the camera has moved: phase correlation of the low-passed frames, then of their centres in full.

    Args:
        plate: uint8 `[H, W]`.
        plate_low: Its low-passed luma, uint8 `[h, w]`.
        frame: The present frame.

    Returns:
        Pixels to the right and down by which the plate's content lies in the present frame; None if no move explains
        the difference.
    """
    height, width = plate_low.shape
    right, down = _correlated(plate_low, frame.reduced.low)
    if not (abs(right) <= _FARTHEST * width and abs(down) <= _FARTHEST * height):  # false for NaN too
        return None
    coarse = round(right * CELL), round(down * CELL)
    before = float(difference(plate_low, frame.reduced.low).mean())
    if float(difference(moved(plate_low, right, down), frame.reduced.low).mean()) >= _EXPLAINED * before:
        return None
    right, down = _correlated(_centre(moved(plate, *coarse)), _centre(frame.luma))
    if abs(right) <= CELL and abs(down) <= CELL:
        coarse = coarse[0] + round(right), coarse[1] + round(down)
    return coarse if coarse != (0, 0) else None


def moved(plane: Plane, right: float, down: float) -> Plane:
    """Return a plane with its content moved by pixels to the right and down; its edges are repeated outside."""
    height, width = plane.shape
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    whole = float(right).is_integer() and float(down).is_integer()
    how = cv2.INTER_NEAREST if whole else cv2.INTER_LINEAR
    shifted = cv2.warpAffine(plane, matrix, (width, height), flags=how, borderMode=cv2.BORDER_REPLICATE)
    return shifted.astype(np.uint8, copy=False)


def _correlated(one: Plane, other: Plane) -> tuple[float, float]:
    """Return the move from `one` to `other` in pixels, to the right and down."""
    window = _window((one.shape[1], one.shape[0]))
    (right, down), _ = cv2.phaseCorrelate(one.astype(np.float32), other.astype(np.float32), window)
    return right, down


def _centre(plane: Plane) -> Plane:
    height, width = plane.shape
    top, left = max((height - _CENTRE) // 2, 0), max((width - _CENTRE) // 2, 0)
    return plane[top : top + _CENTRE, left : left + _CENTRE]


@lru_cache(maxsize=4)
def _window(size: tuple[int, int]) -> NDArray[np.float32]:
    return cv2.createHanningWindow(size, cv2.CV_32F).astype(np.float32, copy=False)
