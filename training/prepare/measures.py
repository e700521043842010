"""How crisp and how compressed a picture is: two measures that a training set is sieved by.

Both look at the luma alone and need no reference.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

_TILE = 32
"""Side of the tiles in which sharpness is measured: large enough for a mean, small enough to lie in the focus."""
_CRISPEST = 90
"""Percentile of the tiles that speaks for a picture: what is out of focus on purpose does not count against it."""
_DETAIL = 1.5
"""Tiles whose detail has less root mean square than this, in grey levels, are flat: noise would decide there."""
_BLOCK = 8
_HIGH = 6
"""High frequencies: the sum of the horizontal and the vertical order is at least this."""
_FINE = 10.0
"""Coefficients from here on, in grey levels, count: JPEG of quality 75 keeps them, of 60 half of them. Less would
call JPEG of quality 90 compressed, more would leave out pictures of little contrast."""
_LEAST_SHARE = 5e-4
_LOOKED_AT = 1024
"""Side of the middle part that blocks are looked for in: as sure as the whole picture, and faster."""

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
    """Measure how much fine detail is missing in the 8x8 blocks of a strong compression.

    Coarse quantisation sets a block's high frequencies to nothing; in blocks that lie across them they appear again.
    The grid is looked for at the picture's corner, where JPEG and video have it: what was saved anew in another
    format is found, what was cropped or resized after compression is not.

    Args:
        luma: A plane, 8 bits.

    Returns:
        0 for none to 1; 0 too for a picture with hardly any fine detail, which cannot tell.
    """
    width, height = luma.size
    if min(width, height) < 4 * _BLOCK:
        return 0.0
    left, top = (max(side - _LOOKED_AT, 0) // 2 // _BLOCK * _BLOCK for side in (width, height))
    box = (left, top, min(left + _LOOKED_AT, width), min(top + _LOOKED_AT, height))
    plane = np.asarray(luma.crop(box), dtype=np.float32)
    across = _fine_share(plane[_BLOCK // 2 :, _BLOCK // 2 :])
    if across < _LEAST_SHARE:
        return 0.0
    return max(1.0 - _fine_share(plane) / across, 0.0)


def jpeg_quality(tables: dict[int, list[int]]) -> float:
    """Estimate libjpeg's quality, 1 to 100, from a JPEG file's quantisation tables.

    Below 20 tables are clipped to 8 bits and the estimate is too high: 10 comes out as 15, 5 as 13.

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


def _fine_share(plane: NDArray[np.float32]) -> float:
    """Share of the high-frequency coefficients of all 8x8 blocks that are larger than `_FINE`."""
    height, width = (side // _BLOCK for side in plane.shape)
    blocks = plane[: height * _BLOCK, : width * _BLOCK].reshape(height, _BLOCK, width, _BLOCK)
    coefficients = dctn(blocks, axes=(1, 3), norm="ortho")
    order = np.arange(_BLOCK)
    high = order[:, None] + order >= _HIGH
    return float((np.abs(coefficients.swapaxes(1, 2)[:, :, high]) > _FINE).mean())
