"""What this machine's processors can do at most, measured: arithmetic by matrix products, memory by copies.

The roofline model of Williams, Waterman and Patterson (2009): a program is bound by the one or the other.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter

import numpy as np

_SIDE = 768  # of the matrices: three of them fill 7 MB, mostly cache
_COPIED = 64 * 1024 * 1024  # bytes: beyond every cache
_LEAST_S = 0.3


@dataclass(frozen=True)
class Roofline:
    """The limits with a number of threads.

    Attributes:
        threads: how many.
        flops: float32 operations a second; a multiply-accumulate is two.
        bandwidth: bytes a second, read and written.
    """

    threads: int
    flops: float
    bandwidth: float

    def floor(self, macs: float, traffic: float) -> tuple[float, float]:
        """Return the least seconds that arithmetic and memory take for these multiply-accumulates and bytes."""
        return 2 * macs / self.flops, traffic / self.bandwidth


def measure(threads: int) -> Roofline:
    """Measure for most of a second, with threadpoolctl of the ``bench`` extra: NumPy's own threads are held to one."""
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
    """Return how many calls a second all threads do together, each with its own data."""
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
