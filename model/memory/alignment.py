"""Alignment: the plate warped to the present frame by dense optical flow.

The flow is OpenCV's DIS (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016, arXiv 1603.03590)
between the low frequencies of both, because the present frame has no others.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from acutance.model.memory.low_pass import CELL
from acutance.model.memory.planes import Candidate
from acutance.model.planes import Plane

REDUCTION = 4
"""Factor by which both frames are reduced before the flow is computed."""
_FINEST, _DESCENT, _PATCH, _STRIDE, _REFINEMENT = 0, 16, 8, 3, 0
"""Settings of DIS."""


class Aligner:
    """Warps plates to frames. For one thread at a time: it keeps the buffers of the flow."""

    def __init__(self) -> None:
        self._flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._flow.setFinestScale(_FINEST)
        self._flow.setGradientDescentIterations(_DESCENT)
        self._flow.setPatchSize(_PATCH)
        self._flow.setPatchStride(_STRIDE)
        self._flow.setVariationalRefinementIterations(_REFINEMENT)

    def align(self, plate: Candidate, luma: Plane) -> Candidate:
        """Return the plate with its content where it lies in `luma`, uint8 `[H, W]`."""
        height, width = luma.shape
        small = max(width // REDUCTION, 16), max(height // REDUCTION, 16)
        present, remembered = (cv2.resize(plane, small, interpolation=cv2.INTER_AREA) for plane in (luma, plate.luma))
        start = np.zeros((*present.shape, 2), np.float32)
        motion = np.asarray(self._flow.calc(present, remembered, start), np.float32)
        across, down = (_places(motion[..., axis], (width, height), axis) for axis in (0, 1))
        warped = cv2.remap(plate.luma, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        # The middle of a cell stands for the cell.
        middles = slice(CELL // 2, None, CELL)
        columns, rows = (np.ascontiguousarray(at[middles, middles]) * np.float32(1 / CELL) for at in (across, down))
        known = np.zeros_like(plate.known)
        inside = cv2.remap(plate.known, columns, rows, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        known[: inside.shape[0], : inside.shape[1]] = inside
        return Candidate.warped(warped.astype(np.uint8, copy=False), known)


def _places(motion: NDArray[np.float32], size: tuple[int, int], axis: int) -> NDArray[np.float32]:
    """Return for each pixel of a frame the column (axis 0) or row (1) of the plate that it shows, float32 `[H, W]`."""
    scale = np.float32(size[axis] / motion.shape[1 - axis])
    places = np.asarray(cv2.resize(motion * scale, size, interpolation=cv2.INTER_LINEAR), np.float32)
    own = np.arange(size[axis], dtype=np.float32)
    places += own if axis == 0 else own[:, None]
    return places
