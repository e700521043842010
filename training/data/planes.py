"""Planes: luma and chroma of BT.601 limited range, as Pillow images and as arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from acutance.model import planes

Luma = planes.Plane
"""Luma of 8 bits, `[H, W]`."""
Plane = NDArray[np.uint8 | np.float32]
"""Luma in grey levels, `[H, W]`: uint8, or float32 without rounding."""

# BT.601, limited range, from full-range R'G'B' (ITU-R BT.601-7, section 2.5): the usual luma in super-resolution.
_RGB_TO_YCBCR = np.array(
    [
        [65.481, 128.553, 24.966],
        [-37.797, -74.203, 112.0],
        [112.0, -93.786, -18.214],
    ],
    dtype=np.float32,
) / np.float32(255)
_OFFSET = np.array([16, 128, 128], dtype=np.float32)


@dataclass(frozen=True)
class Planes:
    """8-bit planes of BT.601 limited range: luma, and both chroma planes of the same size or half the size."""

    y: Image.Image
    cb: Image.Image
    cr: Image.Image

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.y.size

    def crop(self, left: int, top: int, width: int, height: int) -> "Planes":
        """Cut the same rectangle out of every plane; all four numbers must be even if chroma has half the size."""
        share = self.y.size[0] // self.cb.size[0]
        box = (left, top, left + width, top + height)
        small = (left // share, top // share, (left + width) // share, (top + height) // share)
        return Planes(self.y.crop(box), self.cb.crop(small), self.cr.crop(small))

    def resize(self, size: tuple[int, int], box: tuple[float, float, float, float] | None = None) -> "Planes":
        """Resample every plane by Pillow's antialiased bicubic; chroma keeps its ratio to luma.

        Args:
            size: Width and height of the resulting luma.
            box: Left, top, right and bottom of the part to resample, in (fractional) luma pixels; by default all.
        """
        share = self.y.size[0] // self.cb.size[0]
        small = (max(size[0] // share, 1), max(size[1] // share, 1))
        window = box and (box[0] / share, box[1] / share, box[2] / share, box[3] / share)
        bicubic = Image.Resampling.BICUBIC
        cb, cr = (plane.resize(small, bicubic, window) for plane in (self.cb, self.cr))
        return Planes(self.y.resize(size, bicubic, box), cb, cr)


def to_planes(rgb: NDArray[np.uint8]) -> Planes:
    """Convert `[H, W, 3]` uint8 R'G'B' to BT.601 limited-range planes, rounded to 8 bits."""
    ycc = np.rint(rgb.astype(np.float32) @ _RGB_TO_YCBCR.T + _OFFSET).astype(np.uint8)
    y, cb, cr = (Image.fromarray(np.ascontiguousarray(ycc[:, :, i])) for i in range(3))
    return Planes(y, cb, cr)


def as_array(plane: Image.Image) -> NDArray[np.uint8]:
    """A copy of a plane as a uint8 array `[H, W]`."""
    return np.array(plane, dtype=np.uint8)


def to_8_bits(plane: NDArray[np.floating] | Plane) -> Luma:
    """A plane in grey levels, rounded to nearest (halves to even) and clipped to 0..255."""
    return np.clip(np.rint(plane), 0, 255).astype(np.uint8)
