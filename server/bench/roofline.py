"""Measures the limits of this host's processors: arithmetic with matrix products, memory with copies.

Matrix products are NumPy's in float32, and OpenVINO's in bfloat16.

In the roofline model (Williams, Waterman and Patterson, 2009) a program is bound by one of the two.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from acutance.model.engine.openvino_runtime import openvino, openvino_core

_SIDE = 768  # of the matrices: three of them fill 7 MB, which mostly fit into the cache
_COPIED = 64 * 1024 * 1024  # bytes, more than any cache holds
_LEAST_S = 0.3
_CHAINED = 8  # products that one run of OpenVINO computes: converting the input must not count


@dataclass(frozen=True)
class Roofline:
    """The limits for a number of threads.

    Attributes:
        threads: number of threads.
        flops: operations per second; a multiply-accumulate is two.
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


def with_bf16(limit: Roofline) -> Roofline:
    """Return the limits of the same number of threads for bfloat16, which OpenVINO multiplies.

    Raises:
        ImportError: OpenVINO is not installed.
    """
    library = openvino()
    weights = np.random.default_rng(0).random((_SIDE, _SIDE), np.float32) / _SIDE
    given = library.opset13.parameter(weights.shape, library.Type.f32)
    product = given
    for _ in range(_CHAINED):
        product = library.opset13.matmul(product, library.opset13.constant(weights), False, False)
    configuration = {
        "INFERENCE_PRECISION_HINT": "bf16",
        "INFERENCE_NUM_THREADS": limit.threads,
        "NUM_STREAMS": 1,
        "ENABLE_CPU_PINNING": False,
    }
    model = openvino_core().compile_model(library.Model([product], [given]), "CPU", configuration)
    request = model.create_infer_request()
    request.set_input_tensor(library.Tensor(weights, shared_memory=True))
    runs = _rate(lambda: request.infer, 1)
    return replace(limit, flops=runs * _CHAINED * 2 * _SIDE**3)


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
