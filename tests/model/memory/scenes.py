"""Generated frames of a call: a textured room, sharp or as a poor connection leaves it."""

import cv2
import numpy as np

from acutance.model.hints import Hints
from acutance.model.planes import Plane

SHARP = Hints(step=4.0, bits=0.2)
"""Hints of a good connection."""
COARSE = Hints(step=40.0, bits=0.02)
"""Hints of a poor connection."""
SHRUNK = Hints(step=20.0, bits=0.05, reduction=2.0)


def room(width: int = 320, height: int = 192, seed: int = 0) -> Plane:
    """Texture of all frequencies, uint8 `[H, W]`; another seed is another room."""
    rng = np.random.default_rng(seed)
    luma = np.full((height, width), 128.0)
    for side in (1, 4, 16, 64):
        grain = rng.normal(0, 6 + side / 5, (-(-height // side), -(-width // side))).astype(np.float32)
        luma += cv2.resize(grain, (width, height), interpolation=cv2.INTER_LINEAR)
    return luma.clip(0, 255).astype(np.uint8)


def poor(luma: Plane, sigma: float = 2.0) -> Plane:
    """The frame without fine detail."""
    blurred: Plane = cv2.GaussianBlur(luma, (0, 0), sigma).astype(np.uint8, copy=False)
    return blurred


def with_box(luma: Plane, left: int, top: int, side: int = 64, level: int = 40) -> Plane:
    """The frame with a textured square before it."""
    changed = luma.copy()
    changed[top : top + side, left : left + side] = level + room(side, side, seed=9) // 8
    return changed
