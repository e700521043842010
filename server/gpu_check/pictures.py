"""Steps 4 and 5: the GPU's pictures against the CPU's, and replays that do not mix with other runs."""

from itertools import product
from typing import Any

import numpy as np

from acutance.model.engine.buffers import Frame
from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import UNCODED, Hints
from acutance.model.planes import Chroma, Plane, Size
from acutance.server.gpu_check.frames import plane, random_hints
from acutance.server.gpu_check.steps import Deadline, StepError
from acutance.server.gpu_check.target import RUNGS, Extent, Target

TOLERANCE = 1
"""Grey levels by which a GPU may differ from the CPU."""
_STRENGTHS = (1.0, 0.5, 0.0)
_SECONDS = 150.0


def against_cpu(target: Target, extent: Extent, deadline: Deadline) -> dict[str, Any]:
    """Compare every student and rung with the CPU, at all sizes, at three strengths, with random hints."""
    rng = np.random.default_rng(0)
    worst: dict[str, int] = {}
    cases = [*product(extent.students, extent.sizes), *((extent.students[0], size) for size in extent.large)]
    done = 0
    for name, size in deadline.while_left(cases, _SECONDS):
        reference = target.reference(name)
        engines = {rung: target.open(name, rung, True) for rung in RUNGS}
        luma = plane(*size)
        for strength in _STRENGTHS if size not in extent.large else _STRENGTHS[:1]:
            hints = random_hints(rng)
            wanted = _planes_of(reference, luma, hints, strength)
            for rung, engine in engines.items():
                pairs = zip(_planes_of(engine, luma, hints, strength), wanted, strict=True)
                difference = max(int(np.abs(one.astype(np.int16) - other).max()) for one, other in pairs)
                worst[rung] = max(worst.get(rung, 0), difference)
                if difference > TOLERANCE:
                    raise StepError(
                        f"{name} on {rung} differs from the CPU by {difference} grey levels at {size[0]}x{size[1]}, "
                        f"strength {strength}, hints {hints.codes}"
                    )
        done += 1
    return {"grey_levels": worst, "cases": done, "of": len(cases)}


def replays(target: Target, extent: Extent, deadline: Deadline) -> dict[str, Any]:
    """Replay a batch after another one: its result must not change, and each frame must have its own."""
    engine = target.open(extent.students[0], "CUDA", True)
    size = extent.sizes[-1]
    for count in extent.batches:
        ones, others = (_planes(size, count, seed) for seed in (0, 100))
        first = _batch(engine, ones)
        _batch(engine, others)
        again = _batch(engine, ones)
        for index, luma in enumerate(ones):
            if not np.array_equal(first[index], again[index]):
                raise StepError(f"frame {index + 1} of a batch of {count} changes after another batch has run")
            alone = engine.sharpen(luma)
            if np.abs(alone.astype(np.int16) - first[index]).max() > TOLERANCE:
                raise StepError(f"frame {index + 1} of a batch of {count} is not sharpened as it is alone")
    return {"batches": list(extent.batches)}


def _planes_of(engine: Sharpener, luma: Plane, hints: Hints, strength: float) -> tuple[Plane, Plane, Plane]:
    """The result for a frame with random colours; students without colour leave U and V as they are."""
    chroma = Chroma(luma[::2, ::2].copy(), luma[::-2, ::-2].copy())
    return engine.sharpen(luma, None, hints, strength, chroma=chroma), chroma.u, chroma.v


def _planes(size: Size, count: int, seed: int) -> list[Plane]:
    return [plane(*size, seed + index) for index in range(count)]


def _batch(engine: Any, lumas: list[Plane]) -> list[Plane]:
    frames = [Frame(luma, np.empty_like(luma), UNCODED, 1.0) for luma in lumas]
    engine.sharpen_batch(frames)
    return [frame.out for frame in frames]
