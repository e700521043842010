"""Compares an engine with ONNX Runtime on a frame that no file is needed for."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from acutance.model.hints import Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane
from acutance.model.sharpness import detail_ratio

TOLERANCE = 1
"""Grey levels by which an engine may differ: a sum near a half may be rounded to either side."""
GATE_TOLERANCE, GATE_MEAN = 32, 0.25
"""The same for a student that gives the gate of a plate, at most and in the mean: 255 takes the whole plate. bfloat16
differs by up to 26, but in the mean by 0.06, which lowers the PSNR of a frame by at most 0.011 dB, see
docs/quality/memory.md."""
_HEIGHT, _WIDTH = 180, 320


class _Sharpens(Protocol):
    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = ...,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane: ...


def refusal_reason(engine: _Sharpens, reference: _Sharpens, *, gate: bool) -> str | None:
    """Return why the results of an engine cannot be used, in words; None if they can.

    Args:
        engine: runs a student.
        reference: runs it in ONNX Runtime.
        gate: whether the student gives the gate of a plate.
    """
    most = difference(engine, reference)
    if gate and most <= GATE_TOLERANCE:
        mean = float(_differences(engine, reference, chroma=False).mean())
        return None if mean <= GATE_MEAN else f"its gates differ from ONNX Runtime's by {mean:.2f} in the mean"
    if most <= TOLERANCE:
        return None
    return f"its results differ from ONNX Runtime's by {most} grey levels"


def difference(engine: _Sharpens, reference: _Sharpens) -> int:
    """Return the largest difference of the two in grey levels, also in chroma. Takes eight runs at 320x180."""
    return int(_differences(engine, reference).max())


def _differences(engine: _Sharpens, reference: _Sharpens, *, chroma: bool = True) -> NDArray[np.int16]:
    """Return the absolute differences of all results.

    A plate shows the first frame, which is the sharp one; students that take none ignore it.
    """
    scenes = list(frames())
    plate = PlatePlanes(scenes[0][0], np.full((_HEIGHT, _WIDTH), 255, np.uint8))
    results = []
    for each in (engine, reference):
        results.append(planes := list[Plane]())
        for luma, hints in scenes:
            # Chroma of calls varies less than luma. Students without colour leave it as it is.
            colours = Chroma(*(plane // 4 + 96 for plane in (luma[::2, ::2], luma[::-2, ::-2])))
            planes.append(each.sharpen(luma, None, hints, plate=plate, chroma=colours))
            planes += [colours.u, colours.v] if chroma else []
    ours, theirs = (np.concatenate([plane.reshape(-1) for plane in planes]).astype(np.int16) for planes in results)
    return np.abs(ours - theirs)


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
