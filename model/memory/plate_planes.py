"""The planes that a student takes from the plate. Without OpenCV, because a server without memory imports it too."""

from dataclasses import dataclass

import numpy as np

from acutance.model.planes import Plane

NOT_TAKEN, COVERED = 0.1, 0.9
"""Up to the first fit nothing is taken, from the second one on the gate of a student alone decides; linear in between.
Most harm of a plate is where it fits badly, see docs/quality/memory.md."""
SHARES = np.rint(255 * np.clip((np.arange(256) / 255 - NOT_TAKEN) / (COVERED - NOT_TAKEN), 0, 1)).astype(np.uint8)
"""The largest share of the plate that may be taken for each fit, uint8 `[256]`: 255 is all of it."""


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
        import cv2  # a third of the time of NumPy

        plate = cv2.copyTo(self.plate, self.fit, np.ascontiguousarray(luma).copy())
        return PlatePlanes(plate.astype(np.uint8, copy=False), self.fit)

    @property
    def share(self) -> float:
        """Share of pixels that the plate covers, 0 to 1."""
        return float(np.count_nonzero(self.fit)) / self.fit.size


def no_plate(luma: Plane) -> PlatePlanes:
    """Return the planes of a frame, uint8 `[H, W]`, without a plate."""
    return PlatePlanes(luma, np.zeros(luma.shape, np.uint8))
