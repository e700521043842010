"""What the receiver knows of a frame beside its pixels, and how a student is told.

A good picture is to be left alone, and guessing from pixels whether it is good costs more than being told. Two
things tell most: how coarsely the codec quantised the frame, and by how much the sender had reduced it. They
reach the student as a second plane beside luma, in the way of FFDNet's noise map (Zhang, Zuo and Zhang, 2018,
arXiv 1710.04026): one byte each, at a fixed place of every 2x2 cell, so that the head, which has stride 2,
sees each hint as a constant.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COUNT = 2
"""Hints a frame has."""
_FINEST, _PER_OCTAVE = 0.5, 24
"""Steps up to half a grey level count as not coded; H.264's coarsest, 224, becomes 211."""
_PER_DOUBLING = 96
"""A sender that reduces by 4, the most that is undone, becomes 192."""


@dataclass(frozen=True)
class Hints:
    """What the receiver knows of a frame.

    Attributes:
        step: The step, in grey levels of an orthonormal transform, by which the codec quantised luma's detail;
            0 where the frame was never coded. See `model.quantiser`.
        reduction: Width of the call over the width that was sent, 1 where the sender did not shrink it.
    """

    step: float = 0.0
    reduction: float = 1.0

    @property
    def codes(self) -> tuple[int, int]:
        """Both as bytes, on logarithmic scales."""
        step = _PER_OCTAVE * math.log2(max(self.step, _FINEST) / _FINEST)
        reduction = _PER_DOUBLING * math.log2(max(self.reduction, 1.0))
        return min(round(step), 255), min(round(reduction), 255)


UNCODED = Hints()
"""A picture at its own size that no codec has touched."""


def fill(plane: NDArray[np.uint8], hints: Hints) -> None:
    """Write hints over a plane, uint8 `[H, W]` with H and W even."""
    plane[:] = 0
    step, reduction = hints.codes
    plane[0::2, 0::2] = step
    plane[0::2, 1::2] = reduction
