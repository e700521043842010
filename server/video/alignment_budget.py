"""Whether there is time to align what is remembered to each frame."""

_MOST, _LEAST = 0.7, 0.4
"""Shares of the frame interval: a mean enhancing time above the first ends alignment, one below the second allows it.
Alignment takes up to a quarter of the interval, so that the two do not follow each other at once."""
_SMOOTHING = 0.1
"""Weight of the newest frame in the mean."""
_QUIET = 60
"""Frames in a row below `_LEAST` after which alignment begins again: two seconds."""


class AlignmentBudget:
    """Decides from the time that enhancing takes. Alignment is the first thing that a busy host leaves out.

    Attributes:
        allowed: whether the next frame may be aligned.
    """

    def __init__(self) -> None:
        self.allowed = True
        self._share = 0.0
        self._quiet = 0

    def note(self, seconds: float, interval: float) -> None:
        """Take the enhancing time of a frame and the interval between frames, in seconds."""
        self._share += _SMOOTHING * (seconds / interval - self._share)
        if self._share > _MOST:
            self.allowed, self._quiet = False, 0
        elif not self.allowed:
            self._quiet = self._quiet + 1 if self._share < _LEAST else 0
            self.allowed = self._quiet >= _QUIET
