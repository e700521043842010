"""The memory of one session's call: takes detail from earlier frames into the enhanced ones. Needs OpenCV."""

import threading
from collections.abc import Callable
from time import monotonic

from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import Hints
from acutance.model.memory.call_memory import CallMemory
from acutance.model.memory.observed import Observed
from acutance.model.planes import Plane
from acutance.server.telemetry.memory import MemorySnapshot


class Recall:
    """The memory of one call. Thread-safe: frames that pass through run in another thread than enhanced ones.

    Attributes:
        snapshot: what was remembered of the last frame.
    """

    def __init__(self, student: Sharpener, clock: Callable[[], float] = monotonic) -> None:
        """Begin with nothing remembered.

        Args:
            student: takes the planes of the plate; its input is a frame that another student has sharpened.
            clock: in seconds.
        """
        self.snapshot = MemorySnapshot()
        self._student = student
        self._clock = clock
        self._memory = CallMemory()
        self._lock = threading.Lock()

    def observe(self, luma: Plane, hints: Hints) -> None:
        """Take a frame that passes through without a student.

        Args:
            luma: uint8 `[H, W]` at the output size.
            hints: of the frame; step, bits and reduction are used.
        """
        with self._lock:
            self._memory.observe(Observed(luma, hints))
            self.snapshot = MemorySnapshot()

    def restore(self, luma: Plane, sharpened: Plane, hints: Hints, strength: float, *, aligned: bool) -> None:
        """Take a frame, and add to its sharpened version what is remembered of it.

        Args:
            luma: uint8 `[H, W]`, the decoded frame at the output size.
            sharpened: uint8 `[H, W]`, what the student made of it; changed in place.
            hints: of the frame.
            strength: factor of the change: 0 for none, 1 as trained; higher values count as 1.
            aligned: whether to align the plate to the frame by optical flow, which takes several milliseconds.
        """
        with self._lock:
            begun = self._clock()
            frame = Observed(luma, hints)
            planes = None
            if self._memory.observe(frame):
                planes = self._memory.offer(frame, aligned=aligned)
            if planes is None or not planes.fit.any():
                self.snapshot = MemorySnapshot()
                return
            self._student.sharpen(sharpened, sharpened, hints, min(strength, 1.0), planes.onto(sharpened))
            age = self._memory.age(frame)
            self.snapshot = MemorySnapshot(planes.share, age, self._clock() - begun)

    def forget(self) -> None:
        """Forget everything that was seen."""
        with self._lock:
            self._memory.forget()
            self.snapshot = MemorySnapshot()
