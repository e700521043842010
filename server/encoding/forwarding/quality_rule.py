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
# Sharpness is measured on some frames only while they are forwarded.
_SAMPLES = 10


@dataclass
class QualityRule:
    """Follows the quantiser steps of a stream. Bits say less: a still wall needs none.

    A call begins as good if its first keyframe has a fine step, so that no frame of a sharp camera is encoded twice.

    Attributes:
        is_good: whether frames like the last ones are better forwarded than enhanced.
    """

    is_good: bool = False
    _begins: bool = True
    _steps: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))
    _sharpness: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))

    @property
    def knows_sharpness(self) -> bool:
        """Whether the sharpness of enough frames is known; until then, the camera counts as sharp."""
        return len(self._sharpness) >= _SAMPLES

    def note_sharpness(self, sharpness: float) -> None:
        """Take the sharpness of a decoded frame, see `acutance.model.sharpness`. A soft camera gains at any step."""
        self._sharpness.append(sharpness)

    def note(self, codec: str, step: float | None) -> None:
        """Take the next coded frame.

        Args:
            codec: name as in SDP.
            step: quantiser step in grey levels, see `acutance.model.bitstream.quantiser`; None if it cannot be read.
        """
        finest = FINEST_STEPS.get(codec)
        if step is None or finest is None:
            self.is_good = self._begins = False
            self._steps.clear()
            return
        self._steps.append(step)
        if not self._begins and (len(self._steps) < _FRAMES or not self.knows_sharpness):
            return
        allowed = finest * (_HYSTERESIS if self.is_good else 1.0)
        is_sharp = not self.knows_sharpness or median(self._sharpness) >= SHARP
        self.is_good = is_sharp and median(self._steps) <= allowed
        self._begins = self._begins and self.is_good
