"""The size of the returned video: the largest incoming size of the call, or the size that the peer requested."""

from dataclasses import dataclass

from acutance.model.planes import Size

# Limits of enlargement, from the students' training: 1080p in either orientation, and a factor of four.
MAX_LONG_SIDE, MAX_SHORT_SIDE = 1920, 1080
MAX_FACTOR = 4.0
# A sender that shrinks by odd factors rounds both sides: 427x240 still counts as 16:9. A rotated phone does not.
_SAME_SHAPE = 0.03


@dataclass
class OutputSize:
    """Follows the incoming sizes of one call. Sizes are width and height in pixels; enlarged ones are even.

    Attributes:
        restores: whether frames that the sender has shrunk are enlarged to the size of the call.
        height: shorter side in pixels that the peer requested; None for the largest size so far.
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
        """Return the largest size of the call; a new aspect ratio starts over."""
        if self._largest is None or not _same_shape(incoming, self._largest):
            return incoming
        return max(self._largest, incoming, key=lambda size: size[0] * size[1])


def _same_shape(one: Size, other: Size) -> bool:
    ratio = (one[0] * other[1]) / (one[1] * other[0])
    return 1 / (1 + _SAME_SHAPE) <= ratio <= 1 + _SAME_SHAPE


def _within(incoming: Size, factor: float) -> float:
    """Limit an enlargement to `MAX_FACTOR` and 1080p; a frame that is already larger is never reduced."""
    roomy = max(1.0, min(MAX_LONG_SIDE / max(incoming), MAX_SHORT_SIDE / min(incoming)))
    return min(factor, MAX_FACTOR, roomy)


def _even(width: int, height: int, factor: float) -> Size:
    if factor == 1.0:
        return width, height
    return 2 * max(1, round(width * factor / 2)), 2 * max(1, round(height * factor / 2))
