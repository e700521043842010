"""How often one address may ask: a token bucket each, of as many addresses as fit."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

# Some 100 bytes each. The longest unheard one goes first: it has been forgiven by then, or it is one of very many.
_MOST_ADDRESSES = 10_000
# A page that reconnects asks a few times at once.
_BURST_SHARE = 0.25


class RequestRate:
    """A bucket of permits for each address, filled at a steady rate."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = monotonic):
        """Set the rate; a quarter of a minute's permits may be used at once, one at the least."""
        self._per_second = per_minute / 60
        self._burst = max(1.0, per_minute * _BURST_SHARE)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Take a permit and return 0, or return after how many seconds there is one."""
        now = self._clock()
        permits, then = self._buckets.pop(address, (self._burst, now))
        permits = min(self._burst, permits + (now - then) * self._per_second)
        granted = permits >= 1
        self._buckets[address] = (permits - 1 if granted else permits, now)
        if len(self._buckets) > _MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return 0.0 if granted else (1 - permits) / self._per_second
