"""A student that takes a plate: reduces the planes for its network, and applies the gate that the network returns."""

from collections.abc import Sequence

import cv2
import numpy as np

from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import SHARES, PlatePlanes, no_plate
from acutance.model.memory.reduced import as_plane
from acutance.model.planes import Chroma, Plane, Size

_GRID = 4
"""Sides of a frame are padded to multiples: the network works on frames reduced by 2, and needs even sides."""
_STRIP = 128
"""Rows of a strip: at 720p the planes of one fit into the second cache of a core, which saves a third of the time."""


class GatedStudent:
    """An open student that takes a plate, behind the interface of every other student.

    The network gives a gate g for each 2x2 pixels; it is enlarged bilinearly. With the plate p, the share s that its
    fit allows, see `plate_planes`, and the luma l, the result is l + strength s g (p - l): nothing changes where
    nothing is remembered.
    `acutance.model.nets.half_grid` computes the same in torch.

    Attributes:
        student: the student that it runs.
        at_once: how many calls of ``sharpen`` at the same time are useful.
    """

    def __init__(self, network: Sharpener) -> None:
        self.student = network.student
        self.at_once = network.at_once
        self._network = network

    @property
    def provider(self) -> str:
        """Where the next frame runs: such as ``CUDA`` or ``CPU``, see `providers.TRAITS`."""
        return self._network.provider

    @property
    def note(self) -> str | None:
        """Why no better provider is used, in one sentence; None if the best one is."""
        return self._network.note

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        """Take from the plate what the network admits; without a plate, the network runs, and the result is the luma.

        Args:
            luma: uint8 `[H, W]`; only read, unless it is also ``out``.
            out: uint8 `[H, W]` for the result; None for a new plane.
            hints: of the frame.
            strength: factor of the change: 0 for none, 1 as trained.
            plate: what is remembered of the frame.
            chroma: left as it is: a plate is luma.
        """
        height, width = luma.shape
        result = np.empty_like(luma) if out is None else out
        planes = plate or no_plate(luma)
        frame, remembered, fit = (_padded(one) for one in (luma, planes.plate, planes.fit))
        difference = as_plane(cv2.absdiff(remembered, frame))
        low, low_plate, low_difference = map(_halved, (frame, remembered, difference))
        # The network takes the difference in the place of the fit, which has no part in the gate.
        gate = self._network.sharpen(low, None, hints, strength, PlatePlanes(low_plate, low_difference))
        enlarged = as_plane(cv2.resize(gate, frame.shape[::-1], interpolation=cv2.INTER_LINEAR))
        if frame is luma:
            _blend(frame, remembered, difference, fit, enlarged, result)
        else:
            padded = np.empty_like(frame)
            _blend(frame, remembered, difference, fit, enlarged, padded)
            result[:] = padded[:height, :width]
        return result

    def warm_up(self, sizes: Sequence[Size]) -> None:
        """Prepare a device for frames of these sizes, as `Engine.warm_up` does."""
        self._network.warm_up([(_multiple(width) // 2, _multiple(height) // 2) for width, height in sizes])

    def release_memory(self) -> None:
        """Return memory that no call is using to the system, as `Engine.release_memory` does."""
        self._network.release_memory()


def _blend(frame: Plane, remembered: Plane, difference: Plane, fit: Plane, gate: Plane, out: Plane) -> None:
    """Write the frame with what the gate and the fit admit of the plate, in strips that stay in the cache.

    Args:
        frame: uint8 `[H, W]`.
        remembered: the plate.
        difference: the absolute difference of both.
        fit: of the plate.
        gate: 255 for 1.
        out: for the result; may be the frame.
    """
    height, width = frame.shape
    change, other = (np.empty((_STRIP, width), np.uint8) for _ in range(2))
    for first in range(0, height, _STRIP):
        rows = slice(first, min(first + _STRIP, height))
        change, other = change[: rows.stop - first], other[: rows.stop - first]
        cv2.LUT(fit[rows], SHARES, change)
        cv2.multiply(gate[rows], change, change, scale=1 / 255)
        cv2.multiply(difference[rows], change, change, scale=1 / 255)
        # In bytes, brighter and darker apart: half the time of signed numbers.
        cv2.compare(remembered[rows], frame[rows], cv2.CMP_GT, other)
        cv2.bitwise_and(change, other, other)
        cv2.subtract(change, other, change)
        cv2.add(frame[rows], other, other)
        cv2.subtract(other, change, out[rows])


def _halved(plane: Plane) -> Plane:
    height, width = plane.shape
    return as_plane(cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA))


def _padded(plane: Plane) -> Plane:
    """Pad to `_GRID` by repeating the last row and column; a plane that needs no padding is returned as it is."""
    height, width = plane.shape
    below, right = _multiple(height) - height, _multiple(width) - width
    if not below and not right:
        return plane
    return as_plane(cv2.copyMakeBorder(plane, 0, below, 0, right, cv2.BORDER_REPLICATE))


def _multiple(side: int) -> int:
    return -(-side // _GRID) * _GRID
