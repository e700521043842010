"""The last measurements of a stage, kept so that any percentile, or their sum, is a look-up."""

from bisect import bisect_left, insort
from collections import deque


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
        place = (len(self._sorted) - 1) * (percent / 100)
        below = int(place)
        low, high = self._sorted[below], self._sorted[min(below + 1, len(self._sorted) - 1)]
        share = place - below
        # As NumPy, to the last bit: interpolate from the nearer neighbour.
        return high - (high - low) * (1 - share) if share >= 0.5 else low + (high - low) * share


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
