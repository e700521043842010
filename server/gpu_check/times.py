"""Steps 6 and 7: times of first runs and of alternating sizes, and where the time of a batch goes."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from threading import Event, Thread
from time import perf_counter
from typing import Any

import numpy as np

from acutance.model.engine import catalog
from acutance.model.engine.buffers import BatchShape, Frame
from acutance.model.engine.gpu import cudart
from acutance.model.engine.gpu.device import DEVICE
from acutance.model.engine.gpu.device_buffers import DeviceBuffers, Graphs
from acutance.model.hints import UNCODED
from acutance.model.planes import Plane
from acutance.server.gpu_check.frames import plane
from acutance.server.gpu_check.steps import Deadline, StepError
from acutance.server.gpu_check.target import RUNGS, Extent, Target

FIRST_MS = 500.0
"""What the first frame of a size may take: afterwards a frame of a call passes through (inference.PATIENCE_S)."""
_LOOP_TICK_S = 0.001


def first_runs(target: Target, extent: Extent, deadline: Deadline) -> dict[str, Any]:
    """Time the first and second frame of each size, and sizes in turns, in both rungs."""
    figures: dict[str, Any] = {}
    sizes = [*extent.sizes, *extent.large]
    for rung in RUNGS:
        engine = target.open(extent.students[0], rung, True)
        planes = {size: plane(*size) for size in sizes}
        each = {}
        for size, luma in planes.items():
            first, second = (_ms(partial(engine.sharpen, luma)) for _ in range(2))
            each[f"{size[0]}x{size[1]}"] = {"first": first, "second": second}
            if first > FIRST_MS:
                raise StepError(f"{rung}: the first frame of {size[0]}x{size[1]} takes {first} ms; 500 are allowed")
        pair = [planes[size] for size in extent.sizes[-2:]]
        turns = [_ms(partial(engine.sharpen, luma)) for _ in range(extent.repeats) for luma in pair]
        figures[rung] = {"ms": each, "alternating_p50_ms": round(median(turns), 2)}
    return figures


class TimedBuffers(DeviceBuffers):
    """Buffers that keep the milliseconds of each part of a batch.

    Attributes:
        parts: milliseconds by part, of each batch.
    """

    parts: dict[str, list[float]]

    def _compute(self) -> Plane:
        begun = perf_counter()
        with DEVICE.lock.shared():
            self._copies.upload(list(zip(self._values, self._inputs, strict=True)))
        uploaded = perf_counter()
        DEVICE.run(self._launch)
        launched = perf_counter()
        with DEVICE.lock.shared():
            result: Plane = self._copies.download(self._result_value, self._result)
        ends = (begun, uploaded, launched, perf_counter())
        for name, start, end in zip(("upload", "compute", "download"), ends, ends[1:], strict=False):
            self.parts.setdefault(name, []).append(1000 * (end - start))
        return result


def parts(target: Target, extent: Extent, deadline: Deadline) -> dict[str, Any]:
    """Time upload, computation and download with page-locked and pageable memory, and the lag of an event loop."""
    file = catalog.find(extent.students[0]).file
    session = target.session(file, "CUDA")
    size = (extent.large or extent.sizes)[0]
    ways: dict[str, Callable[[], cudart.Cudart | None]] = {"page-locked": target.runtime, "pageable": lambda: None}
    figures: dict[str, Any] = {"size": f"{size[0]}x{size[1]}"}
    for way, runtime in ways.items():
        if way == "page-locked" and runtime() is None:
            figures[way] = "CUDA's runtime library was not found"
            continue
        for count in (extent.batches[0], extent.batches[-1]):
            shape: BatchShape = (count, size[1] + size[1] % 2, size[0] + size[0] % 2)
            buffers = TimedBuffers(session, shape, target.place, Graphs(session, 0), runtime)
            buffers.parts = {}
            luma = plane(*size)
            frames = [Frame(luma, np.empty_like(luma), UNCODED, 1.0)] * count
            lag = worst_lag(partial(_repeat, buffers, frames, extent.repeats))
            buffers.close()
            figures[f"{way}, {count} frames"] = {name: _percentiles(ms) for name, ms in buffers.parts.items()} | {
                "loop_lag_ms": lag
            }
    return figures


def worst_lag(work: Callable[[], None]) -> float:
    """Run work in a thread and return how late an event loop was at worst meanwhile, in milliseconds."""
    done = Event()

    def run() -> None:
        try:
            work()
        finally:
            done.set()

    async def tick() -> float:
        loop, worst = asyncio.get_running_loop(), 0.0
        while not done.is_set():
            due = loop.time() + _LOOP_TICK_S
            await asyncio.sleep(_LOOP_TICK_S)
            worst = max(worst, loop.time() - due)
        return round(1000 * worst, 2)

    worker = Thread(target=run, name="work")
    worker.start()
    lag = asyncio.run(tick())
    worker.join()
    return lag


def _repeat(buffers: TimedBuffers, frames: Sequence[Frame], times: int) -> None:
    buffers.sharpen(frames)
    buffers.parts.clear()  # the first batch plans
    for _ in range(times):
        buffers.sharpen(frames)


def _percentiles(ms: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(ms, (50, 95)) if ms else (0.0, 0.0)
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def _ms(call: Callable[[], object]) -> float:
    begun = perf_counter()
    call()
    return round(1000 * (perf_counter() - begun), 2)
