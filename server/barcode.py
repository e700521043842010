"""A frame's number as a bar code in its luma: loss, order and latency are read off the returned picture itself."""

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

BITS = 16
# A block of 16 px, one macroblock, survives any bit rate that a call has.
BLOCK = 16
_BLACK, _WHITE = 16, 235  # BT.601 limited range
_GUARD = (0, 1)  # without which the strip is no bar code
SMALLEST_WIDTH = (BITS + len(_GUARD)) * BLOCK


def stamp(luma: Plane, number: int) -> None:
    """Write ``number`` (0 to 65,535) into the last rows of ``luma``, uint8 [H, W] with W of at least 288."""
    for position, bit in enumerate((*_bits(number), *_GUARD)):
        luma[-BLOCK:, position * BLOCK : (position + 1) * BLOCK] = _WHITE if bit else _BLACK


def read(luma: Plane) -> int | None:
    """Return the number in ``luma``, uint8 [H, W]; None where the guard blocks are not black and white."""
    inner = slice(BLOCK // 4, -BLOCK // 4)
    blocks = luma[-BLOCK:, :SMALLEST_WIDTH].reshape(BLOCK, BITS + len(_GUARD), BLOCK)
    lit = blocks[inner, :, inner].mean(axis=(0, 2)) > (_BLACK + _WHITE) / 2
    if tuple(lit[BITS:].astype(int)) != _GUARD:
        return None
    return int(sum(1 << position for position, bit in enumerate(lit[:BITS]) if bit))


def _bits(number: int) -> tuple[int, ...]:
    return tuple(number >> position & 1 for position in range(BITS))
