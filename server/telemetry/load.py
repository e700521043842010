"""Load on the processors that the server may use, by the server and by all other programs."""

import asyncio
from collections import deque
from collections.abc import Callable
from statistics import fmean
from time import monotonic, thread_time

import psutil

from acutance.model.engine.gpu.device import DEVICE
from acutance.model.processors import CpuQuota, cpu_quota, usable_ids, usable_processors

_EVERY_S = 1.0
_KEPT = 5


class Load:
    """Sampled once a second on the event loop; one reading takes some 0.1 ms.

    Attributes:
        busy: share of the usable processors in use over the last second, 0 to 1. Programs with a lower priority (nice)
            yield to the server and do not count, unless the server has a lower priority itself.
        own: number of processors that this process used over the last second, for example 1.5.
        cpus: number of processors that this process may use, see `acutance.model.processors`.
        counts_all: whether `busy` includes programs with a lower priority: of those that share a quota of the server,
            and of all if the server has a lower priority itself.
    """

    def __init__(
        self,
        students: Callable[[], float] = lambda: 0.0,
        quota: CpuQuota | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Start without a reading.

        Args:
            students: returns the number of processors that all students use now; see `without_students`.
            quota: CPU quota of this process; None for the quota of its control groups, if any.
            clock: in seconds.
        """
        self._students = students
        self.busy = 0.0
        self.own = 0.0
        self._shares: deque[tuple[float, float]] = deque(maxlen=_KEPT)
        self._spent: tuple[float, float, float] | None = None
        self._history: deque[float] = deque(maxlen=_KEPT)
        self._ids = usable_ids()
        self._quota = quota or cpu_quota()
        self.cpus = usable_processors() if quota is None else min(len(self._ids), quota.processors)
        self._process = psutil.Process()
        self._others_yield = self._process.nice() <= 0
        self.counts_all = not self._others_yield or self._quota is not None
        self._clock = clock
        self._quota_read: tuple[float, float] | None = None

    @property
    def without_students(self) -> float:
        """Processors in use without the students, other programs included: the maximum of the last five seconds."""
        return max(self._history, default=self.busy * self.cpus)

    @property
    def loop(self) -> float:
        """Share of the last five seconds in which the thread that samples, that of the event loop, computed, 0 to 1."""
        return fmean(loop for loop, _ in self._shares) if self._shares else 0.0

    @property
    def gpu(self) -> float:
        """Share of the last five seconds in which students of this process ran on a GPU, 0 to 1."""
        return fmean(gpu for _, gpu in self._shares) if self._shares else 0.0

    async def watch(self) -> None:
        """Measure until cancelled."""
        self.sample()  # a baseline: each reading is the difference from the one before
        while True:
            await asyncio.sleep(_EVERY_S)
            self.sample()

    def sample(self) -> None:
        """Measure the load since the last call."""
        free = min(self._free_by_affinity(), self._free_by_quota())
        self.busy = min(max(0.0, 1 - free / self.cpus), 1.0)
        self._history.append(max(0.0, self.busy * self.cpus - self._students()))
        self.own = self._process.cpu_percent(interval=None) / 100
        now = (self._clock(), thread_time(), DEVICE.busy_seconds)
        if self._spent is not None and now[0] > self._spent[0]:
            seconds, loop, gpu = (new - old for new, old in zip(now, self._spent, strict=True))
            self._shares.append((min(loop / seconds, 1.0), min(gpu / seconds, 1.0)))
        self._spent = now

    def _free_by_affinity(self) -> float:
        """Return how many of the processors on which this process may run were idle."""
        if len(self._ids) == psutil.cpu_count():
            times = [psutil.cpu_times_percent(interval=None)]
        else:
            each = psutil.cpu_times_percent(interval=None, percpu=True)
            times = [each[number] for number in self._ids if number < len(each)] or each
        idle = ("idle", "iowait", "nice") if self._others_yield else ("idle", "iowait")
        # Not every system has all of these fields.
        percent = fmean(sum(getattr(of_one, name, 0.0) for name in idle) for of_one in times)
        return len(self._ids) * percent / 100

    def _free_by_quota(self) -> float:
        """Return how many processors of the quota were unused; all of them before the second reading."""
        used = self._quota.used_seconds() if self._quota is not None else None
        if self._quota is None or used is None:
            return self.cpus
        now, before = self._clock(), self._quota_read
        self._quota_read = now, used
        if before is None or now <= before[0]:
            return self._quota.processors
        return self._quota.processors - (used - before[1]) / (now - before[0])
