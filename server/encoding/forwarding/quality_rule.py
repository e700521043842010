"""Whether frames are so good that a second encoding would cost more than a student gives."""

from collections import deque
from dataclasses import dataclass, field
from math import inf
from statistics import fmean, median

# Fitted on validation clips at 640x360 with `base`, the best student there, by
# `python -m acutance.server.bench.second_encoding`; docs/benchmarks, "What a second encoding costs", has its table.
# Larger frames get smaller students and fewer bits per pixel from our encoder: for them the rule is on the safe side.
FINEST_STEPS = {"H264": 10.0, "VP8": 27.0}
SHARP = 0.43
# Bits per pixel and frame from which no student gains more than the second encoding costs, whatever the step: content
# that is hard to code has coarse steps at any rate. The memory of a call may still gain.
ENOUGH_BITS = 0.04
# With so many bits, frames are forwarded although the memory has something to add: whether that is more than the second
# encoding costs is not measured. The frames of a soft camera then have fine steps: coarse ones are hard to code, not
# soft, and students harm them.
MANY_BITS = 0.1
# Steps vary from frame to frame: a second decides. The way back is further than the way there.
_FRAMES = 30
_HYSTERESIS = 1.25
# Sharpness is measured on some frames only while they are forwarded.
_SAMPLES = 10


@dataclass
class QualityRule:
    """Follows the quantiser steps and the bits of a stream. Few bits say nothing: a still wall needs none.

    A call begins as good: until its first second is known, no frame of a sharp camera is encoded twice.

    Attributes:
        is_good: whether frames like the last ones are better forwarded than enhanced.
        has_enough_bits: whether they are better forwarded than enhanced without memory.
        has_fine_steps: whether the quantiser steps alone are a reason for that; else it is the number of bits.
    """

    is_good: bool = False
    has_enough_bits: bool = False
    has_fine_steps: bool = True
    _begins: bool = True
    _steps: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))
    _bits: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))
    _sharpness: deque[float] = field(default_factory=lambda: deque(maxlen=_FRAMES))

    @property
    def knows_sharpness(self) -> bool:
        """Whether the sharpness of enough frames is known; until then, the camera counts as sharp."""
        return len(self._sharpness) >= _SAMPLES

    def note_sharpness(self, sharpness: float) -> None:
        """Take the sharpness of a decoded frame, see `acutance.model.sharpness`. A soft camera gains at any step."""
        self._sharpness.append(sharpness)

    def note(self, codec: str, step: float | None, bits: float = 0.0, usual: float = inf) -> None:
        """Take the next coded frame.

        Args:
            codec: name as in SDP.
            step: quantiser step in grey levels, see `acutance.model.bitstream.quantiser`; None if it cannot be read.
            bits: of the frame, per pixel.
            usual: bits per pixel that our encoder would have. If fewer, it loses more than a student gives.
        """
        finest = FINEST_STEPS.get(codec)
        if step is None or finest is None:
            self.is_good = self.has_enough_bits = self._begins = False
            self._steps.clear()
            self._bits.clear()
            return
        self._steps.append(step)
        self._bits.append(bits)
        if len(self._steps) < _FRAMES:
            self.is_good = self._begins
            return
        if not (self._begins or self.knows_sharpness):
            return
        is_sharp = not self.knows_sharpness or median(self._sharpness) >= SHARP
        step, bits = median(self._steps), fmean(self._bits)
        fine = step <= finest * (_HYSTERESIS if self.is_good else 1.0)
        many = bits >= MANY_BITS / (_HYSTERESIS if self.is_good else 1.0)
        more = bits >= usual / (_HYSTERESIS if self.is_good else 1.0)
        self.has_fine_steps = fine and is_sharp
        enough = bits >= ENOUGH_BITS / (_HYSTERESIS if self.has_enough_bits else 1.0)
        self.is_good = more or (fine or many if is_sharp else many and step > finest)
        self.has_enough_bits = self.is_good or (is_sharp and enough)
        self._begins = self._begins and self.is_good
