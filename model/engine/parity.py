"""Compares an engine with ONNX Runtime on a frame that no file is needed for."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from acutance.model.hints import Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Plane
from acutance.model.sharpness import detail_ratio

TOLERANCE = 1
"""Grey levels by which an engine may differ: a sum near a half may be rounded to either side."""
_HEIGHT, _WIDTH = 180, 320


class _Sharpens(Protocol):
    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = ...,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
    ) -> Plane: ...


def difference(engine: _Sharpens, reference: _Sharpens) -> int:
    """Return the largest difference of the two in grey levels. Takes eight runs at 320x180.

    A plate shows the first frame, which is the sharp one; students that take none ignore it.
    """
    scenes = list(frames())
    plate = PlatePlanes(scenes[0][0], np.full((_HEIGHT, _WIDTH), 255, np.uint8))
    results = [[each.sharpen(luma, None, hints, plate=plate) for luma, hints in scenes] for each in (engine, reference)]
    return max(int(np.abs(one.astype(np.int16) - other).max()) for one, other in zip(*results, strict=True))


def frames() -> Iterator[tuple[Plane, Hints]]:
    """Yield one scene as a call shows it: sharp, soft, in coarse blocks, and reduced by the sender.

    The scene has waves, edges and grain. Students change it as much as decoded video (by 4 to 25 grey levels), and
    precision errors grow with the change.
    """
    y, x = np.mgrid[:_HEIGHT, :_WIDTH]
    waves = 60 * np.sin(x / 9) * np.cos(y / 13)
    edges = np.where((x // 40 + y // 30) % 2, 40, -40) * (x > _WIDTH // 2)
    grain = np.random.default_rng(0).integers(-12, 13, (_HEIGHT, _WIDTH))
    scene = np.clip(128 + waves + edges + grain, 16, 235)
    blocks = scene.reshape(_HEIGHT // 4, 4, _WIDTH // 4, 4).mean((1, 3)).repeat(4, 0).repeat(4, 1)
    for luma, step, bits, reduction in (
        (scene, 0.0, 0.0, 1.0),
        (_softened(scene), 8.0, 0.1, 1.0),
        (blocks, 40.0, 0.02, 1.0),
        (_softened(blocks), 16.0, 0.02, 2.0),
    ):
        plane = np.round(luma).astype(np.uint8)
        yield plane, Hints(step, bits, reduction, detail_ratio(plane))


def _softened(luma: NDArray[np.float64]) -> NDArray[np.float64]:
    padded = np.pad(luma, 1, mode="edge")
    total = sum(padded[top : top + _HEIGHT, left : left + _WIDTH] for top in range(3) for left in range(3))
    return np.asarray(total / 9)
