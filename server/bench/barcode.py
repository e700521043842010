"""A frame's number as a bar code in its luma, to measure loss, order and latency on decoded frames."""

from acutance.model.planes import Plane

BITS = 16
# A block of 16 pixels, one macroblock, survives any bit rate of a call.
BLOCK = 16
_BLACK, _WHITE = 16, 235  # BT.601 limited range
_GUARD = (0, 1)  # distinguishes a bar code from other content
_BLOCKS = BITS + len(_GUARD)
SMALLEST_WIDTH = _BLOCKS * BLOCK


def stamp(luma: Plane, number: int, block: int = BLOCK) -> None:
    """Write ``number`` (0 to 65,535) into the last rows of ``luma``, uint8 [H, W] with W of at least 18 blocks.

    A frame that will be scaled down needs a larger ``block``, in pixels, so that `read` still finds 4 pixels of it.
    """
    for position, bit in enumerate((*_bits(number), *_GUARD)):
        luma[-block:, position * block : (position + 1) * block] = _WHITE if bit else _BLACK


def read(luma: Plane, block: float = BLOCK) -> int | None:
    """Return the number in ``luma``, uint8 [H, W]; None without the guard blocks.

    Args:
        luma: of a stamped frame, which may have been scaled.
        block: side of a block in pixels of ``luma``, at least 4; after scaling it may be fractional.
    """
    if luma.shape[0] < block or luma.shape[1] < _BLOCKS * block:
        return None
    rows = luma[round(-0.75 * block) : round(-0.25 * block)]
    # The middle of each block: coding and scaling smear its edges.
    middles = [rows[:, round((at + 0.25) * block) : round((at + 0.75) * block)].mean() for at in range(_BLOCKS)]
    lit = [middle > (_BLACK + _WHITE) / 2 for middle in middles]
    if tuple(map(int, lit[BITS:])) != _GUARD:
        return None
    return sum(1 << position for position, bit in enumerate(lit[:BITS]) if bit)


def _bits(number: int) -> tuple[int, ...]:
    return tuple(number >> position & 1 for position in range(BITS))
