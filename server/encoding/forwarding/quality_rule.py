"""Whether frames are so good that a second encoding would cost more than a student gives."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

# Placeholders until fitted.
FINEST_STEP: dict[str, float] = {}
_SHARP = 0.5
# Steps vary from frame to frame: a second decides, and the way back is further than the way there.
_FRAMES = 30
_HYSTERESIS = 1.25


@dataclass
class QualityRule:
    """Follows the quantiser steps of a stream. Bits say less: a still wall needs none.

    Attributes:
        is_good: whether frames are better forwarded than enhanced.
    """

    is_good: bool = False
    _steps: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))

    def note(self, codec: str, step: float | None, sharpness: float | None) -> bool:
        """Take the next frame; return whether frames like the last ones are better forwarded than enhanced.

        Args:
            codec: name as in SDP.
            step: quantiser step in grey levels, see `acutance.model.bitstream.quantiser`; None if it cannot be read.
            sharpness: of the last enhanced frame, see `acutance.model.sharpness`; None before the first. A soft camera
                gains at any step.
        """
        if step is None or codec not in FINEST_STEP:
            self.is_good = False
            self._steps.clear()
            return False
        self._steps.append(step)
        if len(self._steps) < _FRAMES or sharpness is None:
            return self.is_good
        allowed = FINEST_STEP[codec] * (_HYSTERESIS if self.is_good else 1.0)
        self.is_good = sharpness >= _SHARP and median(self._steps) <= allowed
        return self.is_good
