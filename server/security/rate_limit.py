"""Rate limits: a token bucket, and a limit for each client address."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

# About 200 bytes each. The least recently used bucket is dropped first, because it is probably full again.
_MOST_BUCKETS = 10_000
# A page that reconnects sends a few requests at once.
_BURST_SHARE = 0.25


@dataclass
class TokenBucket:
    """A token bucket: permits accumulate at a constant rate up to a maximum.

    Attributes:
        per_second: permits added each second.
        capacity: maximum number of permits; the bucket starts full.
        clock: monotonic time in seconds.
    """

    per_second: float
    capacity: float
    clock: Callable[[], float] = monotonic
    _permits: float = field(init=False)
    _updated_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._permits = self.capacity
        self._updated_at = self.clock()

    def wait(self) -> float:
        """Take a permit and return 0; if there is none, return the seconds until the next one."""
        now = self.clock()
        self._permits = min(self.capacity, self._permits + (now - self._updated_at) * self.per_second)
        self._updated_at = now
        if self._permits < 1:
            return (1 - self._permits) / self.per_second
        self._permits -= 1
        return 0.0


class RequestRate:
    """A rate limit for each client address. A burst may use a quarter of the requests per minute, and at least one."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = monotonic):
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take a permit of an address and return 0; if there is none, return the seconds until the next one."""
        bucket = self._buckets.pop(address, None)
        if bucket is None:
            bucket = TokenBucket(self._per_minute / 60, max(1.0, self._per_minute * _BURST_SHARE), self._clock)
        self._buckets[address] = bucket
        if len(self._buckets) > _MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return bucket.wait()
