"""The size of the returned video: the largest that the call has had, or the one that the peer asked for."""

from dataclasses import dataclass

from acutance.model.planes import Size

# Frames are enlarged to 1080p at most, either way up, and by no more than four: the students are trained that far.
LONGEST, SHORTEST = 1920, 1080
MOST = 4.0
# A sender that shrinks by odd factors rounds both sides: 427x240 is still 16:9. A turned phone is not.
_SAME_SHAPE = 0.03


@dataclass
class OutputSize:
    """Follows the incoming sizes of one call. Sizes are width and height in pixels; enlarged ones are even.

    Attributes:
        restores: whether frames that the sender has shrunk are enlarged to the size of the call.
        height: of the shorter side, where the peer asked for one; None for the largest size so far.
    """

    restores: bool = True
    height: int | None = None
    _largest: Size | None = None

    def note(self, incoming: Size) -> None:
        """Take the size of an incoming frame into account."""
        self._largest = self._largest_with(incoming)

    def for_size(self, incoming: Size) -> Size:
        """Return the output size for a frame of this size; nothing is remembered, see `note`."""
        if not self.restores:
            return incoming
        if self.height is not None:
            return _even(*incoming, factor=_within(incoming, self.height / min(incoming)))
        largest = self._largest_with(incoming)
        if largest == incoming:
            return incoming
        factor = largest[0] / incoming[0]
        bounded = _within(incoming, factor)
        return largest if bounded == factor else _even(*incoming, factor=bounded)

    def _largest_with(self, incoming: Size) -> Size:
        """Return the largest size of the call; frames of another shape begin a new one."""
        if self._largest is None or not _same_shape(incoming, self._largest):
            return incoming
        return max(self._largest, incoming, key=lambda size: size[0] * size[1])


def _same_shape(one: Size, other: Size) -> bool:
    ratio = (one[0] * other[1]) / (one[1] * other[0])
    return 1 / (1 + _SAME_SHAPE) <= ratio <= 1 + _SAME_SHAPE


def _within(incoming: Size, factor: float) -> float:
    """Bound an enlargement by `MOST` and 1080p; the bound never reduces a frame that is larger than that already."""
    roomy = max(1.0, min(LONGEST / max(incoming), SHORTEST / min(incoming)))
    return min(factor, MOST, roomy)


def _even(width: int, height: int, factor: float) -> Size:
    if factor == 1.0:
        return width, height
    return 2 * max(1, round(width * factor / 2)), 2 * max(1, round(height * factor / 2))
