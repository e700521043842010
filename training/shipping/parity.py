"""Parity check of an exported student: the engine against torch on a hundred random pictures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn.functional import conv2d, pixel_shuffle

from acutance.model.engine.engine import Engine
from acutance.model.engine.runtime import SMALLEST
from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import Hints, fill
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.nets.export import PARITY, ExportError
from acutance.model.nets.half_grid import chroma_plane
from acutance.model.nets.shape import OUTPUTS
from acutance.model.nets.student import Convolution, Student, convolutions, fold, sharpen
from acutance.model.planes import Chroma, Plane

PICTURES = 100
GATED_PARITY = 2
"""Maximum difference for a student that takes a plate: its gate and its share of the plate are rounded to bytes too."""
_LARGEST = 160
_GRAINS = (1, 2, 4, 8, 32)
"""Sides of the random cells in pixels: from noise, with more detail than any photograph, to soft ramps."""
_SPANS = ((0.5, 10.6), (1e-3, 10.6), (1.0, 2.6))
"""Minimum of step, bits and reduction, each with the octaves up to code 255, see `acutance.model.hints`."""


def random_pictures(count: int = PICTURES, seed: int = 0, smallest: int = SMALLEST) -> Iterator[tuple[Plane, Hints]]:
    """Random pictures, uint8 `[H, W]` with sides of `smallest` to 160 px, odd and even, each with random hints."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        height, width = (int(side) for side in rng.integers(smallest, _LARGEST + 1, 2))
        grain = _GRAINS[index % len(_GRAINS)]
        coarse = rng.normal(128, 90, (-(-height // grain), -(-width // grain))).clip(0, 255).astype(np.uint8)
        luma = np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))
        yield luma, _random_hints(rng)


def _random_hints(rng: np.random.Generator) -> Hints:
    """Random hints with codes over the whole range of 0 to 255."""
    step, bits, reduction = (float(scale * 2 ** rng.uniform(0, octaves)) for scale, octaves in _SPANS)
    return Hints(step, bits, reduction, sharpness=float(rng.uniform(0, 1)))


def check(file: Path, student: Student, count: int = PICTURES) -> int:
    """Compare an exported student, run on the CPU by the engine, with torch; odd sizes padded as the engine does.

    Args:
        file: The ONNX file.
        student: The exported student.
        count: Number of random pictures.

    Returns:
        The largest difference in grey levels.

    Raises:
        ExportError: The difference is larger than one grey level; two with a plate.
        EngineError: The file holds no student.
    """
    engine: Sharpener = Engine.open(file, provider="cpu", threads=1)
    folded, sides, allowed, smallest = fold(student), 2, PARITY, SMALLEST
    if student.shape.plate:
        # Needs OpenCV.
        from acutance.model.memory.gated import GatedStudent

        engine, sides, allowed, smallest = GatedStudent(engine), 4, GATED_PARITY, 2 * SMALLEST
    worst = 0
    for luma, hints in random_pictures(count, smallest=smallest):
        height, width = luma.shape
        grid = ((0, -height % sides), (0, -width % sides))
        padded = np.pad(luma, grid, mode="edge")
        plate = PlatePlanes(luma[::-1].copy(), luma[:, ::-1].copy()) if student.shape.plate else None
        padded_plate = plate and PlatePlanes(*(np.pad(p, grid, mode="edge") for p in (plate.plate, plate.fit)))
        colours = [_chroma(padded, height, width) for _ in range(2)]
        wanted = sharpen(folded, padded, hints, padded_plate, colours[0])[:height, :width]
        ours = engine.sharpen(luma, hints=hints, plate=plate, chroma=colours[1])
        compared = ((ours, wanted), (colours[1].u, colours[0].u), (colours[1].v, colours[0].v))
        worst = max(worst, *(int(np.abs(one.astype(np.int16) - other).max()) for one, other in compared))
        if worst > allowed:
            raise ExportError(
                f"the exported {student.shape.name} differs from torch by {worst} grey levels on a random picture of "
                f"{width}x{height}; at most {allowed} is allowed"
            )
    return worst


def check_half(student: Student, count: int = PICTURES) -> int:
    """Compare half precision with single, both in torch: on the CPU, ONNX Runtime computes convolutions in single.

    Weights, features and the correction are half, as in the exported graph; the last sum is single. How a GPU rounds
    the sums inside of a convolution is not known here.

    Args:
        student: A student without a plate.
        count: Number of random pictures.

    Returns:
        The largest difference in grey levels.

    Raises:
        ExportError: The difference is larger than one grey level.
    """
    folded = fold(student)
    worst = 0
    for luma, hints in random_pictures(count):
        even = luma[: luma.shape[0] & ~1, : luma.shape[1] & ~1].copy()
        colours = _chroma(even, *even.shape)
        ours, our_chroma = _half(student, even, hints, colours)
        wanted = sharpen(folded, even, hints, chroma=colours)
        compared = [(ours, wanted)]
        if our_chroma is not None:
            compared += [(our_chroma[0], colours.u), (our_chroma[1], colours.v)]
        worst = max(worst, *(int(np.abs(one.astype(np.int16) - other).max()) for one, other in compared))
        if worst > PARITY:
            raise ExportError(
                f"{student.shape.name} in half precision differs by {worst} grey levels on a random picture of "
                f"{even.shape[1]}x{even.shape[0]}; at most {PARITY} is allowed"
            )
    return worst


@torch.inference_mode()
def _half(student: Student, luma: Plane, hints: Hints, chroma: Chroma) -> tuple[Plane, Plane | None]:
    """Return luma, and the chroma `[2, H / 2, W / 2]` of a student with colour."""
    planes = [luma]
    if student.shape.hinted:
        fill(plane := np.empty_like(luma), hints)
        planes.append(plane)
    head, *body, tail = map(_tensors, convolutions(student))
    x = torch.from_numpy(np.stack(planes)[None]).half()
    colours = torch.from_numpy(np.stack([chroma.u, chroma.v])[None])
    if student.shape.colour:
        x = torch.cat([x, chroma_plane(colours).half()], dim=1)
    x = conv2d(x, (head[0] / 255).half(), head[1].half(), stride=2, padding=1).relu()
    inner = iter(body)
    for length in student.shape.blocks:
        block = x
        for left in range(length - 1, -1, -1):
            weight, bias = next(inner)
            x = conv2d(x, weight.half(), bias.half(), padding=1)
            x = (x + block if left == 0 else x).relu()
    correction = conv2d(x, (tail[0] * 255).half(), (tail[1] * 255).half(), padding=tail[0].shape[-1] // 2)
    summed = pixel_shuffle(correction[:, :OUTPUTS], 2)[0, 0].float() + torch.from_numpy(luma.astype(np.float32))
    if not student.shape.colour:
        return _rounded(summed), None
    return _rounded(summed), _rounded((correction[:, OUTPUTS:].float() + colours.float())[0])


def _chroma(luma: Plane, height: int, width: int) -> Chroma:
    """Chroma of a random picture: two of the four planes of every second pixel, of luma whose sides are even."""
    u, v = (plane[: -(-height // 2), : -(-width // 2)].copy() for plane in (luma[::2, ::2], luma[1::2, 1::2]))
    return Chroma(u, v)


def _tensors(convolution: Convolution) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(np.ascontiguousarray(convolution.weight)), torch.from_numpy(convolution.bias)


def _rounded(planes: torch.Tensor) -> Plane:
    rounded: Plane = planes.round().clamp(0, 255).to(torch.uint8).numpy()
    return rounded
