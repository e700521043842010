"""Frames for the check, made of numbers alone."""

import numpy as np

from acutance.model.hints import Hints
from acutance.model.planes import Plane


def plane(width: int, height: int, seed: int = 0) -> Plane:
    """Return luma with waves, an edge, grain, black and white; uint8 [height, width]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    picture = 128 + 60 * np.sin((x + 7 * seed) / 9) * np.cos(y / 13) + np.where(x > width / 2, 40, -40)
    picture[: height // 8] = 255 * (x[: height // 8] > width / 3)
    picture += rng.integers(-12, 13, picture.shape, np.int8)
    luma: Plane = np.clip(picture, 0, 255).astype(np.uint8)
    return luma


def random_hints(rng: np.random.Generator) -> Hints:
    """Return hints with codes over the whole range."""
    return Hints(
        float(2 ** rng.uniform(-1, 8)),
        float(2 ** rng.uniform(-10, 0)),
        float(rng.uniform(1, 4)),
        float(rng.uniform(0, 1)),
    )
