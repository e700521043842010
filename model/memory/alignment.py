"""Alignment: the plate warped to the present frame by dense optical flow.

The flow is OpenCV's DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016, arXiv 1603.03590)
between the low frequencies of both, because the present frame has no others. It begins with the flow of the frame
before, so that it follows what moves far in many frames; the upper and the lower half of the frame are searched in
turn. One step of Lucas and Kanade's method (1981) on the half grid then refines the flow of the whole frame to the
fraction of a pixel that detail needs.
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
_FINEST, _DESCENT, _PATCH, _STRIDE, _REFINEMENT = 0, 5, 8, 6, 0
"""Settings of DIS. The variational refinement takes as long as the rest and gains little."""
_STRIPS, _BEYOND = 2, 8
"""Strips of the frame that are searched in turn, and rows of cells beyond each that are searched with it. All of it in
each frame takes 1.5 ms more at 720p, and gains 0.02 dB more."""
_SMOOTH = (3, 3)
"""Window of the mean that makes the flow of DIS smooth: with this stride its patches overlap little."""
_HALF = CELL // 2
"""Cells of the half grid in one of the quarter grid, along each side."""
_WINDOW, _STIFF, _STEP = (3, 3), 8.0, 1.0
"""Of the refinement: window in cells of an eighth of the size, squared gradient in grey levels per pixel of the half
grid that counts as noise, and longest step in pixels of the half grid."""

_SOBEL = 8
"""Factor of OpenCV's Sobel gradients."""

type _Field = NDArray[np.float32]


class Aligner:
    """Warps plates to the frames of a call. For one thread at a time: it keeps the last flow and buffers."""

    def __init__(self) -> None:
        self._motion: _Field | None = None
        self._strip = 0
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
        motion = cv2.blur(self._searched(present, remembered), _SMOOTH)
        motion = self._motion = _refined(_field(motion), plate.reduced.half, frame.reduced.half)
        # Linear interpolation takes a third of the time of cubic, and gained more in a trial: it averages noise.
        warped = _moved(plate.luma, _enlarged(motion, CELL, plate.luma.shape), cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
        inside = _moved(plate.known, motion, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT)
        return Candidate(warped, Reduced.of_luma(warped), inside)

    def _searched(self, present: Plane, remembered: Plane) -> _Field:
        """Return the motion of the cells: of one strip from DIS, of the others that of the frame before."""
        before = self._motion
        if before is None or before.shape[:2] != present.shape:
            return _field(self._flow.calc(present, remembered, np.zeros((*present.shape, 2), np.float32)))
        self._strip = (self._strip + 1) % _STRIPS
        rows = len(present)
        first, end = (edge * rows // _STRIPS for edge in (self._strip, self._strip + 1))
        searched = slice(max(first - _BEYOND, 0), min(end + _BEYOND, rows))
        found = self._flow.calc(present[searched], remembered[searched], before[searched].copy())
        motion = before.copy()
        motion[first:end] = found[first - searched.start : end - searched.start]
        return motion

    def forget(self) -> None:
        """Forget the flow: the plate is another one, or has been shifted."""
        self._motion = None


def _refined(motion: _Field, remembered: Plane, present: Plane) -> _Field:
    """Return the motion of the cells after one step of Lucas and Kanade's method on the half grid.

    Products are averaged over cells of an eighth of the size, for which the step is computed: in a sixteenth of the
    time, and it gains as much.
    """
    rows, columns = motion.shape[:2]
    warped = _moved(remembered, _enlarged(motion, _HALF, remembered.shape), cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
    change = cv2.subtract(present, warped, dtype=cv2.CV_16S)
    right, down = cv2.spatialGradient(warped)
    product = np.empty(warped.shape, np.float32)  # one for all: it stays in the cache

    def averaged(one: cv2.typing.MatLike, other: cv2.typing.MatLike) -> _Field:
        cv2.multiply(one, other, product, dtype=cv2.CV_32F)
        # Twice by two: OpenCV takes half the time that it takes by four.
        cells = cv2.resize(product, (columns, rows), interpolation=cv2.INTER_AREA)
        cells = cv2.resize(cells, (-(-columns // 2), -(-rows // 2)), interpolation=cv2.INTER_AREA)
        return _field(cv2.blur(cells, _WINDOW))

    xx, xy, yy = (averaged(*pair) for pair in ((right, right), (right, down), (down, down)))
    x, y = (averaged(gradient, change) for gradient in (right, down))
    stiff = np.float32(_STIFF * _SOBEL**2)
    xx, yy = xx + stiff, yy + stiff
    scale = np.float32(_SOBEL) / (xx * yy - xy * xy)
    step = np.dstack([(x * yy - y * xy) * scale, (y * xx - x * xy) * scale])
    step = np.clip(step, -_STEP, _STEP) / np.float32(_HALF)
    return motion + _field(cv2.resize(step, (columns, rows), interpolation=cv2.INTER_LINEAR))


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
