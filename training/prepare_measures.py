"""How crisp and how compressed a picture is: two measures that a training set is sieved by.

Both look at the luma alone and need no reference.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_TILE = 32
"""Side of the tiles in which sharpness is measured: large enough for a mean, small enough to lie in the focus."""
_CRISPEST = 90
"""Percentile of the tiles that speaks for a picture: what is out of focus on purpose does not count against it."""
_DETAIL = 1.5
"""Tiles whose detail has less root mean square than this, in grey levels, are flat: noise would decide there."""
_EDGE = 12.0
"""Steps above this many grey levels at a block's boundary are the picture's own."""

# ITU-T T.81, table K.1, in any order: libjpeg's tables are this one scaled.
_STANDARD_MEAN = 57.625


def sharpness(luma: Image.Image) -> float:
    """Measure how much of a picture's fine detail lies in its finest octave, at its crispest tiles.

    Detail is what Pillow's bicubic loses by a reduction to a quarter and back; its finest octave is what a
    reduction to a half loses. A natural picture has about as much energy in each octave (Field 1987), so contrast
    and darkness do not matter, and enlarging takes the finest octave away.

    Args:
        luma: A plane, 8 bits.

    Returns:
        Root of the share of energy, 0 to 1; 0 for a picture without any detail.
    """
    width, height = (side // _TILE * _TILE for side in luma.size)
    if not width or not height:
        return 0.0
    plane = luma.crop((0, 0, width, height))
    fine, detail = _tiles(_lost(plane, 2)), _tiles(_lost(plane, 4))
    busy = detail > _DETAIL**2
    if not busy.any():
        return 0.0
    return float(min(np.sqrt(np.percentile(fine[busy] / detail[busy], _CRISPEST)), 1.0))


def blockiness(luma: Image.Image) -> float:
    """Measure how much larger the small steps at the boundaries of 8x8 blocks are than elsewhere.

    The grid may lie anywhere, so that a crop of a compressed picture is found too; a regular pattern is told from
    a grid by the smaller value of both directions.

    Args:
        luma: A plane, 8 bits.

    Returns:
        0 for none; 1 where steps at boundaries are twice those elsewhere.
    """
    plane = np.asarray(luma, dtype=np.float32)
    if min(plane.shape) < 4 * 8:
        return 0.0
    return min(_grid(plane), _grid(np.ascontiguousarray(plane.T)))


def jpeg_quality(tables: dict[int, list[int]]) -> float:
    """Estimate libjpeg's quality, 1 to 100, from a JPEG file's quantisation tables.

    Args:
        tables: As Pillow's `quantization` gives them; the first is the luma's.
    """
    scale = 100 * float(np.mean(tables[min(tables)])) / _STANDARD_MEAN
    # libjpeg, jcparam.c, jpeg_quality_scaling, turned round.
    return max(1.0, 5000 / scale if scale > 100 else (200 - scale) / 2)


def _lost(plane: Image.Image, by: int) -> NDArray[np.float32]:
    """What a reduction and enlargement takes away."""
    bicubic = Image.Resampling.BICUBIC
    # In floating point: rounding to 8 bits would be detail to a dark picture.
    exact = plane.convert("F")
    back = exact.resize((plane.width // by, plane.height // by), bicubic).resize(plane.size, bicubic)
    return np.asarray(exact, dtype=np.float32) - np.asarray(back, dtype=np.float32)


def _tiles(lost: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean energy of every tile."""
    height, width = lost.shape
    tiles = (lost * lost).reshape(height // _TILE, _TILE, width // _TILE, _TILE)
    return np.asarray(tiles.mean((1, 3)), dtype=np.float32)


def _grid(plane: NDArray[np.float32]) -> float:
    """How much steps between columns stand out at every eighth, over the neighbouring columns' steps."""
    steps = np.abs(np.diff(plane, axis=1))
    count = steps.shape[1] // 8 * 8
    steps = steps[:, :count].reshape(steps.shape[0], -1, 8)
    means = np.array([_mean_small(steps[:, :, phase]) for phase in range(8)])
    phase = int(means.argmax())
    others = float(np.median(np.delete(means, phase)))
    # 0.05 grey levels: flat pictures, where a ratio would be noise.
    return (float(means[phase]) - others) / max(others, 0.05)


def _mean_small(steps: NDArray[np.float32]) -> float:
    small = steps[steps <= _EDGE]
    return float(small.mean()) if small.size else 0.0
