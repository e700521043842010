"""How busy the machine is: what the server itself takes, and everything else."""

import asyncio
from collections import deque
from collections.abc import Callable

import psutil

_EVERY_S = 1.0
_KEPT = 5


class Load:
    """Sampled once a second on the event loop; psutil's own reading takes some 0.1 ms.

    Attributes:
        busy: share of all processors in use over the last second, 0 to 1; what was started with a lower priority
            (nice) yields to the server and does not count.
        own: processors that this process used over the last second: 1.5 is one and a half.
        cpus: how many processors there are.
    """

    def __init__(self, students: Callable[[], float] = lambda: 0.0) -> None:
        """Begin.

        Args:
            students: processors that all students take now; see `rest`.
        """
        self._students = students
        self.busy = 0.0
        self.own = 0.0
        self._history: deque[float] = deque(maxlen=_KEPT)
        self.cpus = psutil.cpu_count() or 1
        self._process = psutil.Process()

    @property
    def rest(self) -> float:
        """Processors that all but the students took, the most in a second of the last five: in livelier moments."""
        return max(self._history, default=self.busy * self.cpus)

    async def watch(self) -> None:
        """Measure until cancelled."""
        self.sample()  # the first readings have nothing to compare with
        while True:
            await asyncio.sleep(_EVERY_S)
            self.sample()

    def sample(self) -> None:
        """Measure since the last call."""
        times = psutil.cpu_times_percent(interval=None)
        # Not every system knows the last two.
        free = times.idle + getattr(times, "iowait", 0.0) + getattr(times, "nice", 0.0)
        self.busy = max(0.0, 1 - free / 100)
        self._history.append(max(0.0, self.busy * self.cpus - self._students()))
        self.own = self._process.cpu_percent(interval=None) / 100
