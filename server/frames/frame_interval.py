"""The interval between the frames of a sender, from their timestamps."""

from collections import deque
from statistics import median

from av import VideoFrame

_FRAMES = 30
_NOMINAL = 1 / 30
# Between 4 and 240 frames a second; a pause of the sender is no frame interval.
_SHORTEST, _LONGEST = 1 / 240, 1 / 4


class FrameInterval:
    """The median interval between the last frames; single lost frames do not change it.

    Attributes:
        seconds: the interval; 1/30 before the second frame.
    """

    def __init__(self) -> None:
        self.seconds = _NOMINAL
        self._last: float | None = None
        self._steps: deque[float] = deque(maxlen=_FRAMES)

    def note(self, frame: VideoFrame) -> None:
        """Record the timestamp of a frame; a frame without one is ignored."""
        if frame.pts is not None and frame.time_base is not None:
            self.note_time(float(frame.pts * frame.time_base))

    def note_time(self, at: float) -> None:
        """Record the timestamp of a frame, in seconds."""
        if self._last is not None and _SHORTEST <= at - self._last <= _LONGEST:
            self._steps.append(at - self._last)
            self.seconds = median(self._steps)
        self._last = at
