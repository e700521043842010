"""Alignment: the plate warped to the present frame by dense optical flow.

The flow is OpenCV's DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016, arXiv 1603.03590)
between the low frequencies of both, because the present frame has no others.
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
_FINEST, _DESCENT, _PATCH, _STRIDE, _REFINEMENT = 0, 8, 8, 5, 0
"""Settings of DIS. The variational refinement takes as long as the rest and gains little."""


class Aligner:
    """Warps plates to frames. For one thread at a time: it keeps the buffers of the flow."""

    def __init__(self) -> None:
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
        start = np.zeros((*present.shape, 2), np.float32)
        motion = np.asarray(self._flow.calc(present, remembered, start), np.float32)
        # Linear interpolation takes a third of the time of cubic, and gained more in a trial: it averages noise.
        warped = _moved(plate.luma, _enlarged(motion, plate.luma.shape), cv2.INTER_LINEAR, cv2.BORDER_REPLICATE)
        inside = _moved(plate.known, motion, cv2.INTER_NEAREST, cv2.BORDER_CONSTANT)
        return Candidate(warped, Reduced.of_luma(warped), inside)


def _enlarged(motion: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return the motion of each pixel of a frame in pixels, float32 `[H, W, 2]`, from that of the cells in cells."""
    height, width = shape
    rows, columns, _ = motion.shape
    size = (columns * CELL, rows * CELL)
    whole = np.asarray(cv2.resize(CELL * motion, size, interpolation=cv2.INTER_LINEAR), np.float32)
    return whole[:height, :width]


def _moved(plane: Plane, motion: NDArray[np.float32], interpolation: int, border: int) -> Plane:
    """Return for each place what lies `motion`, float32 `[H, W, 2]` in pixels, away from it in the plane."""
    # OpenCV's stubs know no missing second map; an empty array there gives another result.
    return as_plane(cv2.remap(plane, motion, None, interpolation | cv2.WARP_RELATIVE_MAP, borderMode=border))  # type: ignore[call-overload]
