"""Whether frames are so good that a second encoding would cost more than a student gives."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

# Fitted on validation clips at 640x360 with `base`, the best student there, by
# `python -m acutance.server.bench.second_encoding`; docs/benchmarks, "What a second encoding costs", has its table.
# Larger frames get smaller students and fewer bits per pixel from our encoder: for them the rule is on the safe side.
FINEST_STEPS = {"H264": 10.0, "VP8": 27.0}
SHARP = 0.43
# Steps vary from frame to frame: a second decides. The way back is further than the way there.
_FRAMES = 30
_HYSTERESIS = 1.25


@dataclass
class QualityRule:
    """Follows the quantiser steps of a stream. Bits say less: a still wall needs none.

    Attributes:
        is_good: whether frames like the last ones are better forwarded than enhanced.
    """

    is_good: bool = False
    _steps: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))
    _sharpness: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))

    def note_sharpness(self, sharpness: float) -> None:
        """Take the sharpness of an enhanced frame, see `acutance.model.sharpness`. A soft camera gains at any step."""
        self._sharpness.append(sharpness)

    def note(self, codec: str, step: float | None) -> None:
        """Take the next coded frame.

        Args:
            codec: name as in SDP.
            step: quantiser step in grey levels, see `acutance.model.bitstream.quantiser`; None if it cannot be read.
        """
        finest = FINEST_STEPS.get(codec)
        if step is None or finest is None:
            self.is_good = False
            self._steps.clear()
            return
        self._steps.append(step)
        if len(self._steps) == _FRAMES and len(self._sharpness) == _FRAMES:
            allowed = finest * (_HYSTERESIS if self.is_good else 1.0)
            self.is_good = median(self._steps) <= allowed and median(self._sharpness) >= SHARP
