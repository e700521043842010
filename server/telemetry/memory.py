"""What the memory of a call has contributed to its last frame."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MemorySnapshot:
    """What was remembered of the last frame.

    Attributes:
        share: share of its pixels for which something sharper is remembered, 0 to 1.
        age: number of frames since these pixels were seen, in the median of the blocks; None if there are none.
        seconds: time that the memory took; 0 if nothing is remembered.
    """

    share: float = 0.0
    age: int | None = None
    seconds: float = 0.0

    def age_seconds(self, interval: float) -> float | None:
        """Return the age in seconds of frames with an interval in seconds; None if nothing is remembered."""
        return None if self.age is None else self.age * interval
