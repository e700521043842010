"""No-reference measures of luma for the quality gate: detail in the finest octave, blocking artefacts, JPEG quality."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.fft import dctn

_TILE = 32
"""Side in pixels of the tiles in which detail is measured: large enough for a mean, small enough to be all in focus."""
_CRISPEST = 90
"""Percentile of the tiles that counts for a picture, so that parts out of focus do not lower it."""
_DETAIL = 1.5
"""Minimum root mean square of detail in a tile, in grey levels; in flatter tiles, noise would dominate."""
_BLOCK = 8
_HIGH = 6
"""Minimum sum of horizontal and vertical order of a high frequency."""
_FINE = 10.0
"""Minimum magnitude in grey levels of a counted coefficient: JPEG of quality 75 keeps such coefficients, of quality 60
half of them. With a lower limit, JPEG of quality 90 would count as compressed; a higher limit would exclude pictures of
low contrast."""
_LEAST_SHARE = 5e-4
_CENTRE = 1024
"""Maximum side in pixels of the centre in which blocks are measured: as reliable as the whole picture, and faster."""

# Mean of ITU-T T.81, table K.1; the tables of libjpeg are scaled from that table.
_STANDARD_MEAN = 57.625


def finest_octave_share(luma: Image.Image) -> float:
    """Measure the share of the finest octave in the detail of the crispest tiles.

    Detail is the difference that Pillow's bicubic reduction to a quarter and enlargement make; the finest octave is the
    difference at a reduction to a half. A natural picture has about the same energy in each octave (Field 1987), so the
    share does not depend on contrast and brightness. Enlarging a picture removes the finest octave.

    Args:
        luma: A plane of 8 bits.

    Returns:
        Square root of the share of energy, 0 to 1; 0 for a picture without detail.
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
    """Measure the share of high frequencies that strong compression removed from the 8x8 blocks.

    Coarse quantisation sets the high frequencies of a block to zero; blocks shifted by half their size still have them.
    The grid is assumed to start at the corner of the picture, as in JPEG and video. The measure therefore detects a
    picture that was saved again in another format, but not one that was cropped or resized after compression.

    Args:
        luma: A plane of 8 bits.

    Returns:
        0 (no blocks) to 1; also 0 for a picture with too little fine detail.
    """
    width, height = luma.size
    if min(width, height) < 4 * _BLOCK:
        return 0.0
    left, top = (max(side - _CENTRE, 0) // 2 // _BLOCK * _BLOCK for side in (width, height))
    box = (left, top, min(left + _CENTRE, width), min(top + _CENTRE, height))
    plane = np.asarray(luma.crop(box), dtype=np.float32)
    across = _fine_share(plane[_BLOCK // 2 :, _BLOCK // 2 :])
    if across < _LEAST_SHARE:
        return 0.0
    return max(1.0 - _fine_share(plane) / across, 0.0)


def jpeg_quality(tables: dict[int, list[int]]) -> float:
    """Estimate libjpeg's quality, 1 to 100, from the quantisation tables of a JPEG file.

    Below 20 the tables are clipped to 8 bits and the estimate is too high: 15 for quality 10, 13 for quality 5.

    Args:
        tables: Pillow's `quantization`; the first table is that of luma.
    """
    scale = 100 * float(np.mean(tables[min(tables)])) / _STANDARD_MEAN
    # The inverse of jpeg_quality_scaling in libjpeg's jcparam.c.
    return max(1.0, 5000 / scale if scale > 100 else (200 - scale) / 2)


def _lost(plane: Image.Image, by: int) -> NDArray[np.float32]:
    """The detail that a reduction and enlargement removes."""
    bicubic = Image.Resampling.BICUBIC
    # In floating point: rounding to 8 bits would count as detail in a dark picture.
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
