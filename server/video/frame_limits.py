"""Which frames of a peer are taken at all: not too large, not too many."""

from collections.abc import Callable

# A sender's clock and the network tremble: a few frames may come at once.
_BURST_S = 0.1


class FrameLimits:
    """Looks at every frame before anything is done with it."""

    def __init__(self, most_pixels: int, most_per_second: float, on_too_large: Callable[[str], object]):
        """Make it.

        Args:
            most_pixels: of a frame.
            most_per_second: in the mean; a tenth of a second's frames, two at the least, may come at once.
            on_too_large: called with the reason when a frame is larger; such a stream cannot go on.
        """
        self._most_pixels = most_pixels
        self._on_too_large = on_too_large
        self._interval = 1 / most_per_second
        self._slack = max(2 * self._interval, _BURST_S)
        self._due = float("-inf")

    def exceeded_by(self, width: int, height: int, now: float) -> bool:
        """Return whether a frame that has come now, in seconds, is to be dropped."""
        if width * height > self._most_pixels:
            self._on_too_large(f"pictures of {width}x{height} are larger than this server takes")
            return True
        # The virtual scheduling of the generic cell rate algorithm (ITU-T I.371, annex A).
        if now < self._due - self._slack:
            return True
        self._due = max(now, self._due) + self._interval
        return False
