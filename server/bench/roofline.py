"""Measures the limits of this host's processors: arithmetic with matrix products, memory with copies.

In the roofline model (Williams, Waterman and Patterson, 2009) a program is bound by one of the two.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

import numpy as np

_SIDE = 768  # of the matrices: three of them fill 7 MB, which mostly fit into the cache
_COPIED = 64 * 1024 * 1024  # bytes, more than any cache holds
_LEAST_S = 0.3


@dataclass(frozen=True)
class Roofline:
    """The limits for a number of threads.

    Attributes:
        threads: number of threads.
        flops: float32 operations per second; a multiply-accumulate is two.
        bandwidth: bytes read plus bytes written per second.
    """

    threads: int
    flops: float
    bandwidth: float

    def floor(self, macs: float, traffic: float) -> tuple[float, float]:
        """Return the minimum seconds for ``macs`` multiply-accumulates, and for ``traffic`` bytes of memory access."""
        return 2 * macs / self.flops, traffic / self.bandwidth


def measure(threads: int) -> Roofline:
    """Measure the limits, in about a second.

    threadpoolctl, from the ``bench`` extra, restricts NumPy to one thread for each call.
    """
    from threadpoolctl import threadpool_limits

    def multiply() -> Callable[[], object]:
        left = np.random.default_rng(0).random((_SIDE, _SIDE), np.float32)
        product = np.empty_like(left)
        return lambda: np.matmul(left, left, out=product)

    def copy() -> Callable[[], object]:
        source = np.ones(_COPIED // threads, np.uint8)
        target = np.empty_like(source)
        return lambda: np.copyto(target, source)

    with threadpool_limits(1):
        products = _rate(multiply, threads)
        copies = _rate(copy, threads)
    return Roofline(threads, products * 2 * _SIDE**3, copies * 2 * (_COPIED // threads))


def _rate(make: Callable[[], Callable[[], object]], threads: int) -> float:
    """Return the calls per second of all threads together, each with its own data."""
    calls = [make() for _ in range(threads)]
    begun = perf_counter()

    def repeat(call: Callable[[], object]) -> int:
        count = 0
        while perf_counter() - begun < _LEAST_S:
            call()
            count += 1
        return count

    for call in calls:
        call()
    begun = perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        done = sum(pool.map(repeat, calls))
    return done / (perf_counter() - begun)
