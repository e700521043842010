"""Low-passed luma: the part of a frame that a poor connection still carries, on a grid of a quarter of the size.

Four by four pixels are averaged and smoothed by a Gaussian: a low pass with a standard deviation of about 3 px.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from acutance.model.planes import Plane

CELL = 4
"""Side in pixels of a cell of the grid."""
_SIGMA = 0.75
"""Standard deviation of the Gaussian in cells."""


def low_pass(luma: Plane) -> Plane:
    """Return the low-passed luma of a frame, uint8 `[ceil(H / 4), ceil(W / 4)]`.

    Args:
        luma: uint8 `[H, W]`, of any row stride and at least 4x4.
    """
    height, width = luma.shape
    if height % CELL or width % CELL:
        luma = _plane(cv2.copyMakeBorder(luma, 0, -height % CELL, 0, -width % CELL, cv2.BORDER_REPLICATE))
        height, width = luma.shape
    small = cv2.resize(luma, (width // CELL, height // CELL), interpolation=cv2.INTER_AREA)
    return _plane(cv2.GaussianBlur(small, (0, 0), _SIGMA))


def difference(one: Plane, other: Plane) -> Plane:
    """Return the absolute difference of two low-passed frames in grey levels, uint8 `[h, w]`."""
    return _plane(cv2.absdiff(one, other))


def enlarged(cells: Plane, shape: tuple[int, ...]) -> Plane:
    """Return a map of the grid, uint8 `[h, w]`, interpolated to the pixels of a frame, uint8 of `shape`."""
    height, width = shape
    cell_rows, cell_columns = cells.shape
    full = cv2.resize(cells, (cell_columns * CELL, cell_rows * CELL), interpolation=cv2.INTER_LINEAR)
    return _plane(full[:height, :width])


def _plane(array: NDArray[np.generic]) -> Plane:
    return array.astype(np.uint8, copy=False)
