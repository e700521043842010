"""What the receiver knows of a frame beside its pixels, and how a student is told.

A good picture is to be left alone, and guessing from pixels whether it is good costs more than being told. Four
things tell most: how coarsely the codec quantised the frame, how many bits the stream spends, by how much the
sender had reduced the picture, and how sharp the picture is as a whole: a soft camera on a good line and a smooth
wall look alike to a network that sees 20 pixels at a time. They reach the student as a second plane beside luma, in
the way of FFDNet's noise map (Zhang, Zuo and Zhang, 2018, arXiv 1710.04026): one byte each, at a fixed place of every
2x2 cell, so that the head, which has stride 2, sees each hint as a constant.
"""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COUNT = 4
"""Hints a frame has."""
_FINEST, _PER_OCTAVE = 0.5, 24
"""Steps up to half a grey level count as not coded; H.264's coarsest, 224, becomes 211."""
_FEWEST = 1e-3
"""Bits a pixel and frame; a tenth of a bit, a good line, becomes 159 at as many codes an octave."""
_PER_DOUBLING = 96
"""A sender that reduces by 4, the most that is undone, becomes 192."""
_FRAMES = 30
"""Frames over which bits are averaged, a second: the picture of now is made of what came since."""


@dataclass(frozen=True)
class Hints:
    """What the receiver knows of a frame.

    Attributes:
        step: The step, in grey levels of an orthonormal transform, by which the codec quantised luma's detail;
            0 where the frame was never coded. See `acutance.model.bitstream.quantiser`.
        bits: Bits for each coded pixel and frame, averaged by a `BitMeter`; 0 where the frame was never coded.
        reduction: Width of the call over the width that was sent, 1 where the sender did not shrink it.
        sharpness: Of the frame as the student gets it, see `acutance.model.sharpness`; 0 where it was not measured.
    """

    step: float = 0.0
    bits: float = 0.0
    reduction: float = 1.0
    sharpness: float = 0.0

    @property
    def codes(self) -> tuple[int, int, int, int]:
        """All as bytes; all but sharpness on logarithmic scales."""
        step = _PER_OCTAVE * math.log2(max(self.step, _FINEST) / _FINEST)
        bits = _PER_OCTAVE * math.log2(max(self.bits, _FEWEST) / _FEWEST)
        reduction = _PER_DOUBLING * math.log2(max(self.reduction, 1.0))
        codes = (step, bits, reduction, 255 * max(self.sharpness, 0.0))
        step, bits, reduction, sharpness = (min(round(code), 255) for code in codes)
        return step, bits, reduction, sharpness


UNCODED = Hints()
"""A picture at its own size that no codec has touched."""


class BitMeter:
    """The mean of bits a pixel over the last second's frames, or over those that came so far."""

    def __init__(self) -> None:
        self._frames: deque[float] = deque(maxlen=_FRAMES)

    def add(self, size: int, pixels: int) -> float:
        """Count a frame of `size` bytes and `pixels` coded pixels; return the mean in bits a pixel and frame."""
        self._frames.append(8 * size / pixels)
        return sum(self._frames) / len(self._frames)


def fill(plane: NDArray[np.uint8], hints: Hints) -> None:
    """Write hints over a plane, uint8 `[H, W]` with H and W even."""
    step, bits, reduction, sharpness = hints.codes
    plane[0::2, 0::2] = step
    plane[0::2, 1::2] = bits
    plane[1::2, 0::2] = reduction
    plane[1::2, 1::2] = sharpness
