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

SMALLEST = 16
"""Smallest side of the quarter grid on which the flow is computed."""
_FINEST, _DESCENT, _PATCH, _STRIDE, _REFINEMENT = 0, 12, 8, 4, 0
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
        motion = CELL * np.asarray(self._flow.calc(present, remembered, start), np.float32)
        across, down = (_places(motion[..., axis], plate.luma.shape, axis) for axis in (0, 1))
        # Linear interpolation takes a third of the time of cubic, and gained more in a trial: it averages noise.
        warped = as_plane(cv2.remap(plate.luma, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
        # The middle of a cell stands for the cell.
        middles = slice(CELL // 2, None, CELL)
        columns, rows = (np.ascontiguousarray(at[middles, middles]) * np.float32(1 / CELL) for at in (across, down))
        inside = cv2.remap(plate.known, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        rest = (0, plate.known.shape[0] - inside.shape[0], 0, plate.known.shape[1] - inside.shape[1])
        known = as_plane(cv2.copyMakeBorder(inside, *rest, cv2.BORDER_CONSTANT))
        return Candidate(warped, Reduced.of_luma(warped), known)


def _places(motion: NDArray[np.float32], shape: tuple[int, ...], axis: int) -> NDArray[np.float32]:
    """Return for each pixel of a frame the column (axis 0) or row (1) of the plate that it shows, float32 `[H, W]`."""
    height, width = shape
    rows, columns = motion.shape
    whole = np.asarray(cv2.resize(motion, (columns * CELL, rows * CELL), interpolation=cv2.INTER_LINEAR), np.float32)
    places = np.ascontiguousarray(whole[:height, :width])
    places += np.arange(width, dtype=np.float32) if axis == 0 else np.arange(height, dtype=np.float32)[:, None]
    return places
