"""Which forwarded frames the memory of a call sees, and whether it has something to add at all."""

_EVERY_S = 0.2
"""Seconds between two frames that the memory sees: sharp pixels change slowly, and each frame costs a thread's turn."""
_DECIDED_EVERY_S = 10.0
"""Seconds for which a decision holds: decoding begins again only at a keyframe, which the sender has to make."""
_LASTS = 30
"""Frames without anything to add after which the memory counts as having nothing."""
_BUSY = 0.75
"""Share of the processors in use from which forwarded frames are not decoded; the plate then stays as it is."""


class Offers:
    """Whether the memory of a call has something to add to frames like the last ones. For one session.

    Attributes:
        any: it had for one of the last frames.
    """

    def __init__(self) -> None:
        self.any = False
        self._without = 0

    def note(self, offered: bool) -> None:
        """Take whether the memory had something to add to a frame that it saw."""
        self._without = 0 if offered else self._without + 1
        self.any = offered or (self.any and self._without < _LASTS)


class ForwardedFrames:
    """Decides by time and load. For one session."""

    def __init__(self) -> None:
        self._decodes = True
        self._decided_at = float("-inf")
        self._seen_at = float("-inf")

    def decodes(self, now: float, busy: float) -> bool:
        """Return whether forwarded frames are decoded for the memory.

        Args:
            now: in seconds.
            busy: share of the usable processors in use, 0 to 1.
        """
        if now - self._decided_at >= _DECIDED_EVERY_S:
            self._decodes, self._decided_at = busy < _BUSY, now
        return self._decodes

    def sees(self, now: float) -> bool:
        """Return whether the memory sees the decoded frame of this time, in seconds; if so, it counts as seen."""
        if now - self._seen_at < _EVERY_S:
            return False
        self._seen_at = now
        return True
