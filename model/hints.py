"""Hints: data about the quality of a frame, in addition to its pixels, and their format as an input of a student.

A student must not change a good frame, and hints cost less than an estimate of quality from pixels. There are four:
the quantiser step of the codec, the bits per pixel of the stream, the reduction by the sender, and the sharpness of the
whole frame, because a soft camera on a good connection and a smooth wall look alike to a network with a receptive field
of 20 pixels. They are a second input plane beside luma, like FFDNet's noise map (Zhang, Zuo and Zhang, 2018, arXiv
1710.04026): one byte each, at a fixed place of every 2x2 cell, so that the head, which has stride 2, sees each hint as
a constant.

The server and training compute hints with the same code: `StreamHints` over the encoded frames, then `with_frame`.
"""

import math
from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from acutance.model.sharpness import detail_ratio

COUNT = 4
"""Number of hints of a frame."""
_MIN_STEP, _PER_OCTAVE = 0.5, 24
"""Steps up to half a grey level count as uncoded; at 24 codes per octave H.264's largest step, 226, becomes 212."""
_MIN_BITS = 1e-3
"""Lowest bits per pixel; 0.1, a good connection, becomes 159 at 24 codes per octave."""
_PER_DOUBLING = 96
"""Codes per doubling of the reduction: 4, the maximum that is undone, becomes 192."""
REDUCTIONS = (1.1, 4.0)
"""Range of reductions by the sender that are undone, on which students are trained. Below it a frame counts as one of
full size; no frame is enlarged by more."""
BITS_WINDOW = 30
"""Number of frames over which bits are averaged: one second, because frames are predicted from earlier ones."""


@dataclass(frozen=True)
class Hints:
    """Hints of one frame.

    Attributes:
        step: Quantiser step of luma's AC coefficients, in grey levels of an orthonormal transform; 0 for an uncoded
            frame. See `acutance.model.bitstream.quantiser`.
        bits: Mean bits per coded pixel, see `StreamHints`; 0 for an uncoded frame.
        reduction: Width of the call divided by the sent width; 1 if the sender did not reduce the frame.
        sharpness: Sharpness of the student's input, see `acutance.model.sharpness`; 0 if it was not measured.
    """

    step: float = 0.0
    bits: float = 0.0
    reduction: float = 1.0
    sharpness: float = 0.0

    @property
    def codes(self) -> tuple[int, int, int, int]:
        """Step, bits, reduction and sharpness as bytes, 0 to 255; all but sharpness on logarithmic scales."""
        step = _PER_OCTAVE * math.log2(max(self.step, _MIN_STEP) / _MIN_STEP)
        bits = _PER_OCTAVE * math.log2(max(self.bits, _MIN_BITS) / _MIN_BITS)
        reduction = _PER_DOUBLING * math.log2(max(self.reduction, 1.0))
        codes = (step, bits, reduction, 255 * max(self.sharpness, 0.0))
        step, bits, reduction, sharpness = (min(round(code), 255) for code in codes)
        return step, bits, reduction, sharpness


UNCODED = Hints()
"""Hints of a frame of full size that was never coded."""


class StreamHints:
    """Computes the hints of the frames of one stream, in decoding order.

    The step is that of the frame; bits are the mean over the last `BITS_WINDOW` frames, or over fewer at the start.

    Attributes:
        last: Hints of the last frame, without `reduction` and `sharpness`; `UNCODED` before the first readable frame.
    """

    def __init__(self) -> None:
        self.last = UNCODED
        self._bits: deque[float] = deque(maxlen=BITS_WINDOW)

    def add(self, step: float | None, size: int, pixels: int) -> Hints:
        """Return the hints of the next frame, without `reduction` and `sharpness`.

        Args:
            step: Quantiser step in grey levels; None if it cannot be read: then the result is the hints of the previous
                frame, and ``size`` is ignored.
            size: Size of the encoded frame in bytes.
            pixels: Number of coded pixels, width times height.
        """
        if step is not None:
            self._bits.append(8 * size / pixels)
            self.last = Hints(step, sum(self._bits) / len(self._bits))
        return self.last


def with_reduction(hints: Hints, width: int, coded_width: int) -> Hints:
    """Add the reduction of a frame of ``width`` pixels that was sent with ``coded_width`` pixels."""
    return replace(hints, reduction=max(1.0, width / coded_width))


def with_frame(hints: Hints, luma: NDArray[np.uint8], coded_width: int) -> Hints:
    """Add the hints of the decoded frame: its sharpness, and its enlargement as the reduction.

    Args:
        hints: Hints of the encoded frame.
        luma: Input of the student, uint8 `[H, W]`.
        coded_width: Width in pixels before the enlargement.
    """
    return replace(with_reduction(hints, luma.shape[1], coded_width), sharpness=detail_ratio(luma))


def fill(plane: NDArray[np.uint8], hints: Hints) -> None:
    """Fill a plane with hints, in place; uint8 `[H, W]` with H and W even, the bytes of a row side by side."""
    step, bits, reduction, sharpness = hints.codes
    # A row has one pair of bytes throughout, and numpy fills a row of 16-bit numbers much faster than every other byte.
    pairs = plane.view(np.dtype("<u2"))
    pairs[0::2] = step | bits << 8
    pairs[1::2] = reduction | sharpness << 8
