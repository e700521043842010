"""Reduced frames: the part of a frame that a poor connection still carries, on a grid of a quarter of the size."""

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from acutance.model.planes import Plane

CELL = 4
"""Side in pixels of a cell of the grid."""
_SIGMA = 0.75
"""Standard deviation of the Gaussian of the low pass in cells: 3 px."""
_DETAIL_SIGMA, _WINDOW = 2.0, 5
"""Detail is what a Gaussian of 2 cells takes away; it is compared in windows of 5x5 cells."""


@dataclass(frozen=True)
class Reduced:
    """A frame on the quarter grid, uint8 `[ceil(H / 4), ceil(W / 4)]`.

    Attributes:
        half: Mean luma of 2x2 pixels, uint8 with four for each cell.
        mean: Mean luma of each cell.
        low: The same, low-passed.
    """

    half: Plane
    mean: Plane
    low: Plane

    @cached_property
    def detail(self) -> NDArray[np.float32]:
        """What a Gaussian of two cells takes away of the mean luma, in grey levels, float32 `[h, w]`."""
        mean = self.mean.astype(np.float32)
        detail: NDArray[np.float32] = mean - np.asarray(cv2.GaussianBlur(mean, (0, 0), _DETAIL_SIGMA), np.float32)
        return detail

    @cached_property
    def energy(self) -> NDArray[np.float32]:
        """Mean square of the detail in windows of 5x5 cells, float32 `[h, w]`."""
        return energy(self.detail)

    @property
    def bytes(self) -> int:
        """Size in memory."""
        return self.half.nbytes + self.mean.nbytes + self.low.nbytes

    @classmethod
    def of_luma(cls, luma: Plane) -> "Reduced":
        """Reduce a frame, uint8 `[H, W]` of any row stride."""
        height, width = luma.shape
        if height % CELL or width % CELL:
            luma = as_plane(cv2.copyMakeBorder(luma, 0, -height % CELL, 0, -width % CELL, cv2.BORDER_REPLICATE))
            height, width = luma.shape
        # Twice by two: OpenCV takes a fifth of the time that it takes by four.
        half = as_plane(cv2.resize(luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA))
        mean = as_plane(cv2.resize(half, (width // CELL, height // CELL), interpolation=cv2.INTER_AREA))
        return cls(half, mean, as_plane(cv2.GaussianBlur(mean, (0, 0), _SIGMA)))


def energy(detail: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean square of detail in windows of 5x5 cells."""
    return np.asarray(cv2.blur(detail * detail, (_WINDOW, _WINDOW)), np.float32)


def difference(one: Plane, other: Plane) -> Plane:
    """Return the absolute difference of two planes in grey levels, uint8."""
    return as_plane(cv2.absdiff(one, other))


def enlarged(cells: Plane, shape: tuple[int, ...], how: int = cv2.INTER_LINEAR) -> Plane:
    """Return a map of the grid, uint8 `[h, w]`, for the pixels of a frame, uint8 of `shape`.

    Args:
        cells: The map.
        shape: Height and width of the frame.
        how: OpenCV's interpolation.
    """
    height, width = shape
    cell_rows, cell_columns = cells.shape
    full = cv2.resize(cells, (cell_columns * CELL, cell_rows * CELL), interpolation=how)
    return as_plane(full[:height, :width])


def as_plane(array: NDArray[np.generic]) -> Plane:
    """Return an array of OpenCV, of which mypy does not know the dtype, as a plane."""
    return array.astype(np.uint8, copy=False)
