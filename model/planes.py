"""Types of the video planes and of the size of a frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Plane = NDArray[np.uint8]
"""One plane of a frame, uint8 `[H, W]`, of any row stride."""

type Size = tuple[int, int]
"""Width and height in pixels, in this order."""

GREY = 128
"""Value of both chroma planes of a frame without colour."""


@dataclass(frozen=True)
class Chroma:
    """The chroma planes of a frame in 4:2:0: both uint8, with half the luma's width and height, rounded up.

    Attributes:
        u: the blue difference, Cb.
        v: the red difference, Cr.
    """

    u: Plane
    v: Plane

    def copy(self) -> "Chroma":
        """Return a copy of both planes."""
        return Chroma(self.u.copy(), self.v.copy())
