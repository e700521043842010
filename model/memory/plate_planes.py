"""The planes that a student takes from the plate. Without OpenCV, because a server without memory imports it too."""

from dataclasses import dataclass

import numpy as np

from acutance.model.planes import Plane

COVERED = 8.0
"""Factor of the fit: from 1/8 on, the gate of a student alone decides. Below, a seam would be visible where the fit
ends."""


@dataclass(frozen=True)
class PlatePlanes:
    """The planes of one frame.

    Attributes:
        plate: Remembered luma, uint8 `[H, W]`. Where nothing is remembered, or it does not fit, the present frame: so
            a student cannot show there what was.
        fit: uint8 `[H, W]`: 255 where the plate fits, 0 where `plate` is the present frame. In between, it falls with
            the low-passed difference, in shares of what the codec explains.
    """

    plate: Plane
    fit: Plane

    def onto(self, luma: Plane) -> "PlatePlanes":
        """Return the planes with another version of the frame, uint8 `[H, W]`, where nothing is remembered."""
        plate = np.ascontiguousarray(luma).copy()
        np.copyto(plate, self.plate, where=self.fit > 0)
        return PlatePlanes(plate, self.fit)

    @property
    def share(self) -> float:
        """Share of pixels that the plate covers, 0 to 1."""
        return float(np.count_nonzero(self.fit)) / self.fit.size


def no_plate(luma: Plane) -> PlatePlanes:
    """Return the planes of a frame, uint8 `[H, W]`, without a plate."""
    return PlatePlanes(luma, np.zeros(luma.shape, np.uint8))
