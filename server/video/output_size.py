"""Which size goes back: the one that the call began with, or the one that the peer asked for."""

from dataclasses import dataclass

from acutance.model.hints import REDUCTIONS
from acutance.server.options.session_limits import MAX_OUTPUT_HEIGHT

type Size = tuple[int, int]

# The largest that is enlarged to: 1080p either way up.
LONGEST, SHORTEST = 1920, MAX_OUTPUT_HEIGHT
# A sender that shrinks by odd factors rounds both sides: 427x240 is still 16:9. A turned phone is not.
_SAME_SHAPE = 0.03


@dataclass
class OutputSize:
    """Follows the incoming sizes of one call. Sizes are width and height in pixels; those it returns are even.

    Attributes:
        restores: whether reduced pictures are brought back at all.
        height: of the shorter side, where the peer asked for one; None for the largest size that came so far.
    """

    restores: bool = True
    height: int | None = None
    _largest: Size | None = None

    def of(self, came: Size) -> Size:
        """Return the size for a picture that came in this one."""
        if not self.restores:
            return came
        if self._largest is None or not _same_shape(came, self._largest):
            self._largest = came
        if came[0] * came[1] > self._largest[0] * self._largest[1]:
            self._largest = came
        if self.height is not None:
            return _even(*came, factor=_within(came, self.height / min(came)))
        if self._largest == came:
            return came
        factor = self._largest[0] / came[0]
        bounded = _within(came, factor)
        return self._largest if bounded == factor else _even(*came, factor=bounded)


def _same_shape(one: Size, other: Size) -> bool:
    ratio = (one[0] * other[1]) / (one[1] * other[0])
    return 1 / (1 + _SAME_SHAPE) <= ratio <= 1 + _SAME_SHAPE


def _within(came: Size, factor: float) -> float:
    """Bound an enlargement by `REDUCTIONS` and 1080p; what came larger than that is never reduced by the bound."""
    roomy = max(1.0, min(LONGEST / max(came), SHORTEST / min(came)))
    return min(factor, REDUCTIONS[1], roomy)


def _even(width: int, height: int, factor: float) -> Size:
    if factor == 1.0:
        return width, height
    return 2 * max(1, round(width * factor / 2)), 2 * max(1, round(height * factor / 2))
