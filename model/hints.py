"""Hints: what the receiver knows of a frame beside its pixels, and how they are passed to a student.

A good frame must be left alone, and to be told whether it is good costs less than to estimate it from pixels. There are
four hints: how coarsely the codec quantised the frame, how many bits the stream spends, by how much the sender reduced
the frame, and how sharp the frame is as a whole: a soft camera on a good connection and a smooth wall look alike to a
network with a receptive field of 20 pixels. They are a second input plane beside luma, like FFDNet's noise map (Zhang,
Zuo and Zhang, 2018, arXiv 1710.04026): one byte each, at a fixed place of every 2x2 cell, so that the head, which has
stride 2, sees each hint as a constant.

The server and training compute hints with the same code: `StreamHints` over the encoded frames, then `with_frame`.
"""

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acutance.model.sharpness import detail_ratio

COUNT = 4
"""Hints a frame has."""
_FINEST, _PER_OCTAVE = 0.5, 24
"""Steps up to half a grey level count as not coded; H.264's coarsest, 224, becomes 211."""
_FEWEST = 1e-3
"""Bits a pixel and frame; a tenth of a bit, a good connection, becomes 159 at as many codes an octave."""
_PER_DOUBLING = 96
"""A sender that reduces by 4, the most that is undone, becomes 192."""
REDUCTIONS = (1.1, 4.0)
"""Reductions by the sender that are undone: below, a frame counts as one of full size; no frame is enlarged by more.
Students are trained on this range."""
BITS_WINDOW = 30
"""Frames over which bits are averaged: a second, from which a frame is predicted."""


@dataclass(frozen=True)
class Hints:
    """What the receiver knows of a frame.

    Attributes:
        step: The step, in grey levels of an orthonormal transform, by which the codec quantised luma's detail;
            0 where the frame was never coded. See `acutance.model.bitstream.quantiser`.
        bits: Bits for each coded pixel and frame, averaged, see `StreamHints`; 0 where the frame was never coded.
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
"""Hints of a frame of full size that was never coded."""


class StreamHints:
    """Hints of the frames of one stream, frame by frame in decoding order.

    The step is the frame's own; bits are the mean over the last `BITS_WINDOW` frames, or over fewer at the start.

    Attributes:
        last: Of the last frame, without `reduction` and `sharpness`; `UNCODED` before the first readable frame.
    """

    def __init__(self) -> None:
        self.last = UNCODED
        self._bits: deque[float] = deque(maxlen=BITS_WINDOW)

    def add(self, step: float | None, size: int, pixels: int) -> Hints:
        """Return the hints of the next frame, without `reduction` and `sharpness`.

        Args:
            step: Its quantiser step in grey levels; None where it cannot be read: the frame has the hints of the frame
                before it, and its size is not counted.
            size: Of the encoded frame in bytes.
            pixels: Coded pixels, width times height.
        """
        if step is not None:
            self._bits.append(8 * size / pixels)
            self.last = Hints(step, sum(self._bits) / len(self._bits))
        return self.last


def with_frame(hints: Hints, luma: NDArray[np.uint8], coded_width: int) -> Hints:
    """Add what the decoded frame itself tells: its sharpness, and how far it was enlarged.

    Args:
        hints: From the encoded frame.
        luma: As the student gets it, uint8 `[H, W]`.
        coded_width: Width in pixels before the enlargement.
    """
    return replace(hints, reduction=max(1.0, luma.shape[1] / coded_width), sharpness=detail_ratio(luma))


def fill(plane: NDArray[np.uint8], hints: Hints) -> None:
    """Write hints over a plane, uint8 `[H, W]` with H and W even."""
    step, bits, reduction, sharpness = hints.codes
    plane[0::2, 0::2] = step
    plane[0::2, 1::2] = bits
    plane[1::2, 0::2] = reduction
    plane[1::2, 1::2] = sharpness
