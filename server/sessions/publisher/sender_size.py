"""Advises a page by how much it should reduce its frames before sending."""

from collections import deque
from dataclasses import dataclass, field

from acutance.model.planes import Size
from acutance.model.sender_size import STEADY, advised_reduction

# Every change of size costs a keyframe. A sender that has found a new bit rate varies around it for seconds, and one
# that is still looking for it at the start of a call has more soon.
_AGREEING = 5
_HOLD_S = 10.0
# A larger size is advised only where it would also be advised at fewer bits.
_MARGIN = 0.7


@dataclass
class SenderSize:
    """Advice for one sender, from one measurement a second. Times are in seconds.

    Attributes:
        reduction: of width and height; 1 for full size.
    """

    reduction: float = 1.0
    _wanted: deque[float] = field(default_factory=lambda: deque(maxlen=_AGREEING))
    _changed_at: float = float("-inf")

    def note(
        self, now: float, codec: str, bitrate: float, frame_rate: float, full: Size | None, *, memory: bool
    ) -> float:
        """Take the measurements of the last second; return the reduction to advise.

        Args:
            now: on any clock.
            codec: name as in SDP.
            bitrate: of the received media, in bit/s.
            frame_rate: received frames per second.
            full: width and height of the frames before reduction; None before the first frame.
            memory: whether the call has a memory.
        """
        if full is None or frame_rate < 1 or bitrate <= 0:
            return self.reduction
        bits = bitrate / (full[0] * full[1] * frame_rate)
        wanted, sooner = (
            advised_reduction(codec, each, stretch=STEADY, memory=memory) for each in (bits, bits * _MARGIN)
        )
        if wanted < self.reduction:
            wanted = min(max(wanted, sooner), self.reduction)
        self._wanted.append(wanted)
        agree = self._wanted.count(wanted) == _AGREEING
        if agree and wanted != self.reduction and now - self._changed_at >= _HOLD_S:
            self.reduction, self._changed_at = wanted, now
        return self.reduction
