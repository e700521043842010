"""How far apart a sender's frames are, by their own time stamps."""

from collections import deque
from statistics import median

from av import VideoFrame

_FRAMES = 30
_NOMINAL = 1 / 30
# Between 4 and 240 frames a second; a pause of the sender is no frame interval.
_SHORTEST, _LONGEST = 1 / 240, 1 / 4


class FrameInterval:
    """The median distance in seconds of the last frames: one that was lost on the way does not move it.

    Attributes:
        seconds: 1/30 before the first two frames.
    """

    def __init__(self) -> None:
        self.seconds = _NOMINAL
        self._last: float | None = None
        self._steps: deque[float] = deque(maxlen=_FRAMES)

    def note(self, frame: VideoFrame) -> None:
        """Take the time stamp of a frame; one without is passed over."""
        if frame.pts is None or frame.time_base is None:
            return
        at = float(frame.pts * frame.time_base)
        if self._last is not None and _SHORTEST <= at - self._last <= _LONGEST:
            self._steps.append(at - self._last)
            self.seconds = median(self._steps)
        self._last = at
