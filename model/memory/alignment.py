"""Alignment: the plate warped to the present frame by dense optical flow.

The flow is OpenCV's DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016, arXiv 1603.03590)
between the low frequencies of both, because the present frame has no others. It begins with the flow of the frame
before, so that it follows what moves far in many frames. One step of Lucas and Kanade's method (1981) on the half grid
then refines it to the fraction of a pixel that detail needs.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from acutance.model.memory.observed import Observed
from acutance.model.memory.planes import Candidate
from acutance.model.memory.reduced import CELL, Reduced, as_plane
from acutance.model.planes import Plane

SMALLEST = 16
"""Smallest side of the quarter grid on which the flow is computed."""
_FINEST, _DESCENT, _PATCH, _STRIDE, _REFINEMENT = 0, 5, 8, 5, 0
"""Settings of DIS. The variational refinement takes as long as the rest and gains little."""
_HALF = CELL // 2
"""Cells of the half grid in one of the quarter grid, along each side."""
_WINDOW, _STIFF, _STEP = 7, 8.0, 1.0
"""Of the refinement: side of the window in cells of the quarter grid, squared gradient in grey levels per pixel of the
half grid that counts as noise, and longest step in pixels of the half grid."""

_SOBEL = 8
"""Factor of OpenCV's Sobel gradients."""

type _Field = NDArray[np.float32]


class Aligner:
    """Warps plates to the frames of a call. For one thread at a time: it keeps the last flow and buffers."""

    def __init__(self) -> None:
        self._motion: _Field | None = None
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._flow.setFinestScale(_FINEST)
        self._flow.setGradientDescentIterations(_DESCENT)
        self._flow.setPatchSize(_PATCH)
        self._flow.setPatchStride(_STRIDE)
        self._flow.setVariationalRefinementIterations(_REFINEMENT)

    def align(self, plate: Candidate, frame: Observed) -> Candidate:
        """Return the plate with its content where it lies in the frame; a frame below 64 px has no aligned plate."""
        present, remembered = frame.reduced.mean, plate.reduced.mean
        if min(present.shape) < SMALLEST:
            return plate
        start = self._motion
        if start is None or start.shape[:2] != present.shape:
            start = np.zeros((*present.shape, 2), np.float32)
        motion = np.asarray(self._flow.calc(present, remembered, start.copy()), np.float32)
        self._motion = motion
        motion = _refined(motion, plate.luma, frame.luma)
        # Linear interpolation takes a third of the time of cubic, and gained more in a trial: it averages noise.
        warped = _moved(plate.luma, _enlarged(motion, CELL, plate.luma.shape), cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
        inside = _moved(plate.known, motion, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT)
        return Candidate(warped, Reduced.of_luma(warped), inside)

    def forget(self) -> None:
        """Forget the flow: the plate is another one, or has been shifted."""
        self._motion = None


def _refined(motion: _Field, plate: Plane, frame: Plane) -> _Field:
    """Return the motion of the cells after one step of Lucas and Kanade's method on the half grid.

    Sums of products are taken over the cells of the quarter grid, which takes a quarter of the time.
    """
    present, remembered = (_halved(plane) for plane in (frame, plate))
    rows, columns = motion.shape[:2]
    warped = _moved(remembered, _enlarged(motion, _HALF, remembered.shape), cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    change = _field(cv2.subtract(present, warped, dtype=cv2.CV_32F))
    # Sobel's sums of eight differences, in whole numbers.
    right, down = (gradient.astype(np.float32) for gradient in cv2.spatialGradient(warped))

    def summed(product: _Field) -> _Field:
        cells = cv2.resize(product, (columns, rows), interpolation=cv2.INTER_AREA)
        return _field(cv2.blur(cells, (_WINDOW, _WINDOW)))

    stiff = np.float32(_STIFF * _SOBEL**2)
    xx, xy, yy = summed(right * right) + stiff, summed(right * down), summed(down * down) + stiff
    x, y = summed(right * change), summed(down * change)
    scale = np.float32(_SOBEL) / (xx * yy - xy * xy)
    refined = np.empty_like(motion)
    for axis, step in enumerate(((x * yy - y * xy) * scale, (y * xx - x * xy) * scale)):
        refined[..., axis] = motion[..., axis] + np.clip(step, -_STEP, _STEP) / np.float32(_HALF)
    return refined


def _halved(plane: Plane) -> Plane:
    """Return a frame on the half grid, padded to whole cells of the quarter grid."""
    height, width = plane.shape
    if height % CELL or width % CELL:
        plane = as_plane(cv2.copyMakeBorder(plane, 0, -height % CELL, 0, -width % CELL, cv2.BORDER_REPLICATE))
        height, width = plane.shape
    return as_plane(cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA))


def _enlarged(motion: _Field, cell: int, shape: tuple[int, ...]) -> _Field:
    """Return the motion of each pixel of a plane in its pixels, float32 `[H, W, 2]`, from that of the cells in cells.

    Args:
        motion: The motion of the cells.
        cell: Side of a cell in pixels of the plane.
        shape: Height and width of the plane.
    """
    height, width = shape
    rows, columns, _ = motion.shape
    size = (columns * cell, rows * cell)
    whole = _field(cv2.resize(cell * motion, size, interpolation=cv2.INTER_LINEAR))
    return whole[:height, :width]


def _moved(plane: Plane, motion: _Field, interpolation: int, border: int) -> Plane:
    """Return for each place what lies `motion`, float32 `[H, W, 2]` in pixels, away from it in the plane."""
    # OpenCV's stubs know no missing second map; an empty array there gives another result.
    return as_plane(cv2.remap(plane, motion, None, interpolation | cv2.WARP_RELATIVE_MAP, borderMode=border))  # type: ignore[call-overload]


def _field(array: NDArray[np.generic]) -> _Field:
    """Return an array of OpenCV, of which mypy does not know the dtype."""
    return np.asarray(array, np.float32)
