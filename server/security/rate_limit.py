"""How often something may happen: a token bucket, and one for each of as many addresses as fit."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

# Some 200 bytes each. The longest unheard one goes first: it has been forgiven by then, or it is one of very many.
_MOST_ADDRESSES = 10_000
# A page that reconnects asks a few times at once.
_BURST_SHARE = 0.25


@dataclass
class TokenBucket:
    """Permits that come at a steady rate and are kept up to a number.

    Attributes:
        per_second: how many come.
        most: how many are kept; it begins full.
        clock: in seconds.
    """

    per_second: float
    most: float
    clock: Callable[[], float] = monotonic
    _permits: float = field(init=False)
    _then: float = field(init=False)

    def __post_init__(self) -> None:
        self._permits = self.most
        self._then = self.clock()

    def wait(self) -> float:
        """Take a permit and return 0, or return after how many seconds there is one."""
        now = self.clock()
        self._permits = min(self.most, self._permits + (now - self._then) * self.per_second)
        self._then = now
        if self._permits < 1:
            return (1 - self._permits) / self.per_second
        self._permits -= 1
        return 0.0


class RequestRate:
    """A bucket for each address; a quarter of a minute's permits may be used at once, one at the least."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = monotonic):
        self._per_minute = per_minute
        self._clock = clock
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take a permit of an address and return 0, or return after how many seconds there is one."""
        bucket = self._buckets.pop(address, None)
        if bucket is None:
            bucket = TokenBucket(self._per_minute / 60, max(1.0, self._per_minute * _BURST_SHARE), self._clock)
        self._buckets[address] = bucket
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return bucket.wait()
