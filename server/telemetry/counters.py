"""Frame counters and stage latencies of a session, and the lag of the event loop."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from time import monotonic

# In the order of the pipeline. `memory` is a part of `enhance`; `total` is the time from the arrival of a frame's last
# packet until it is sent.
STAGES = ("decode", "wait", "enhance", "memory", "encode_wait", "encode", "total")
_PERCENTILES = (("p50", 50), ("p95", 95))
_SAMPLES = 300  # ten seconds at 30 frames per second: enough for a 95th percentile


@dataclass
class Counters:
    """Frames of a session since its start.

    Attributes:
        received: taken from the peer's track, decoded unless nobody needs pixels.
        enhanced: enhanced by a student.
        passed: passed through without a student.
        forwarded: sent as the peer coded them, neither enhanced nor encoded again.
        dropped_excess: dropped because they exceeded the frame rate that a peer may send.
        dropped_undecoded: dropped before the decoder, which could not keep up.
        dropped_waiting: replaced by a newer frame before they were enhanced.
        dropped_enhanced: replaced by a newer frame before they were encoded.
        dropped_encoding: lost because the encoder failed.
        returned: encoded, or forwarded, and sent.
    """

    received: int = 0
    enhanced: int = 0
    passed: int = 0
    forwarded: int = 0
    dropped_excess: int = 0
    dropped_undecoded: int = 0
    dropped_waiting: int = 0
    dropped_enhanced: int = 0
    dropped_encoding: int = 0
    returned: int = 0

    @property
    def dropped(self) -> int:
        """The sum of all dropped frames."""
        return sum(count for name, count in vars(self).items() if name.startswith("dropped_"))

    def counts(self) -> dict[str, int]:
        """Return every counter by name, and the sum ``dropped``."""
        return {**vars(self), "dropped": self.dropped}

    def add(self, others: "Counters") -> None:
        """Add the frames of another session."""
        for name, count in vars(others).items():
            setattr(self, name, getattr(self, name) + count)

    def since(self, earlier: "Counters", seconds: float) -> dict[str, float]:
        """Return the growth of each counter per second, from ``earlier`` to now."""
        before = earlier.counts()
        return {name: round((count - before[name]) / seconds, 1) for name, count in self.counts().items()}


@dataclass
class Telemetry:
    """Measurements of one session.

    Attributes:
        clock: in seconds.
        observe: called with stage and seconds for each recorded time, for the metrics.
        counters: of its frames.
        passed_reason: why the last frame was not enhanced, in words; None if it was.
    """

    clock: Callable[[], float] = monotonic
    observe: Callable[[str, float], None] = lambda stage, seconds: None
    counters: Counters = field(default_factory=Counters)
    passed_reason: str | None = None
    _durations: dict[str, deque[float]] = field(
        default_factory=lambda: {stage: deque(maxlen=_SAMPLES) for stage in STAGES}
    )
    _reported: Counters = field(default_factory=Counters)
    _reported_at: float = 0.0

    def __post_init__(self) -> None:
        self._reported_at = self.clock()

    def count_undecoded(self) -> None:
        """Count a frame that was dropped before the decoder."""
        self.counters.dropped_undecoded += 1

    def record(self, stage: str, seconds: float) -> None:
        """Record the seconds of one frame in a stage of `STAGES`."""
        self._durations[stage].append(seconds)
        self.observe(stage, seconds)

    def median(self, stage: str) -> float:
        """Return the median of the last times in a stage, in seconds; 0 before the first."""
        return median(self._durations[stage]) if self._durations[stage] else 0.0

    def rates(self) -> dict[str, float]:
        """Return the growth of each counter per second since the last call."""
        now = self.clock()
        rates = self.counters.since(self._reported, max(now - self._reported_at, 1e-3))
        self._reported, self._reported_at = replace(self.counters), now
        return rates

    def stages(self) -> dict[str, dict[str, float] | None]:
        """Return median and 95th percentile of each stage in milliseconds; None for a stage without a frame."""
        return {stage: _percentiles(times) for stage, times in self._durations.items()}


class LoopLag:
    """The lag of the event loop behind its timers. Senders lower their quality when the loop stalls."""

    _INTERVAL = 0.05

    def __init__(self) -> None:
        self._lags: deque[float] = deque(maxlen=_SAMPLES)

    async def watch(self) -> None:
        """Measure until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + self._INTERVAL
            await asyncio.sleep(self._INTERVAL)
            self._lags.append(loop.time() - due)

    def p99_ms(self) -> float:
        """Return the 99th percentile of the last 15 s in milliseconds; 0 before the first sample."""
        return round(percentile(sorted(self._lags), 99) * 1000, 1) if self._lags else 0.0


def percentile(ascending: Sequence[float], percent: float) -> float:
    """Return a percentile of sorted values, at least one, linearly interpolated as NumPy does it by default.

    NumPy takes several times as long for a few hundred values, on the event loop of all calls.
    """
    place = (len(ascending) - 1) * (percent / 100)
    below = int(place)
    low, high = ascending[below], ascending[min(below + 1, len(ascending) - 1)]
    share = place - below
    # As NumPy, to the last bit: interpolate from the nearer neighbour.
    return high - (high - low) * (1 - share) if share >= 0.5 else low + (high - low) * share


def _percentiles(times: deque[float]) -> dict[str, float] | None:
    if not times:
        return None
    ascending = sorted(times)
    return {name: round(percentile(ascending, percent) * 1000, 2) for name, percent in _PERCENTILES}
