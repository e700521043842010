"""The last measurements of a stage, kept so that any percentile, or their sum, is a look-up."""

from bisect import bisect_left, insort
from collections import deque

from acutance.server.telemetry.counters import percentile


class Window:
    """The last ``length`` durations in seconds, kept sorted: adding one costs a microsecond, not a sort."""

    def __init__(self, length: int):
        self._length = length
        self._times: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._times)

    def add(self, seconds: float) -> None:
        """Add a duration; a full window drops its oldest one."""
        if len(self._times) == self._length:
            del self._sorted[bisect_left(self._sorted, self._times.popleft())]
        self._times.append(seconds)
        insort(self._sorted, seconds)

    def clear(self) -> None:
        """Forget all durations."""
        self._times.clear()
        self._sorted.clear()

    def percentile(self, percent: float) -> float:
        """Return a percentile, linearly interpolated as NumPy does it by default.

        Raises:
            IndexError: the window is empty.
        """
        return percentile(self._sorted, percent)


class Tally:
    """The last ``length`` counts and their sum."""

    def __init__(self, length: int):
        self._counts: deque[int] = deque(maxlen=length)
        self.total = 0

    def __len__(self) -> int:
        return len(self._counts)

    def add(self, count: int) -> None:
        """Add a count; a full tally drops its oldest one."""
        if len(self._counts) == self._counts.maxlen:
            self.total -= self._counts[0]
        self._counts.append(count)
        self.total += count

    def clear(self) -> None:
        """Forget all counts."""
        self._counts.clear()
        self.total = 0
