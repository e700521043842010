"""Limits on incoming frames: their size and their rate."""

from collections.abc import Callable

# The sender's clock and the network have jitter: a few frames may arrive at once.
_BURST_S = 0.1


class FrameLimits:
    """Checks every decoded frame before anything else is done with it."""

    def __init__(self, max_pixels: int, max_per_second: float, on_too_large: Callable[[str], object]):
        """Start with no frame seen.

        Args:
            max_pixels: maximum pixels of a frame.
            max_per_second: maximum frames per second on average; bursts of 0.1 s, at least two frames, are allowed.
            on_too_large: called with the reason, in words, for a frame with more pixels; such a call cannot go on.
        """
        self._max_pixels = max_pixels
        self._on_too_large = on_too_large
        self._interval = 1 / max_per_second
        self._slack = max(2 * self._interval, _BURST_S)
        self._due = float("-inf")

    def exceeded_by(self, width: int, height: int, now: float) -> bool:
        """Return whether to drop a frame of this size in pixels that arrives now, in seconds."""
        if width * height > self._max_pixels:
            self._on_too_large(f"frames of {width}x{height} are larger than this server accepts")
            return True
        # The virtual scheduling of the generic cell rate algorithm (ITU-T I.371, annex A).
        if now < self._due - self._slack:
            return True
        self._due = max(now, self._due) + self._interval
        return False
