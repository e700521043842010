"""Steps 8 and 9: many threads, engines and sizes at once; captures while sessions open and frames are encoded."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event
from typing import Any

import numpy as np
import psutil

from acutance.model.engine.engine import Engine
from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.frames.synthetic import moving_frames
from acutance.server.gpu_check.frames import plane
from acutance.server.gpu_check.opening import counts
from acutance.server.gpu_check.pictures import TOLERANCE
from acutance.server.gpu_check.steps import Deadline, StepError
from acutance.server.gpu_check.target import RUNGS, Extent, Target

_ENGINES = 6
_LEAST_WITH_GRAPH = 0.99
_LEAST_FRAMES = 600
"""Frames of a thread in each half, also where the time is over: one first batch of a rare size must not decide."""
_GROWTH = 64 << 20
"""Bytes by which memory may grow in the second half."""
_NEW_SIZES = 20


def together(target: Target, extent: Extent, deadline: Deadline) -> dict[str, Any]:
    """Load the device from many threads: no error, right pictures, then at least 99 % with a graph, and flat memory.

    The second half counts: in the first one, more batches at once than before may need buffers of their own.
    """
    engines = [
        target.open(extent.students[index % len(extent.students)], RUNGS[index // 3 % 2], True)
        for index in range(_ENGINES)
    ]
    lumas = [plane(*size) for size in extent.sizes]
    wanted = [[engine.sharpen(luma).astype(np.int16) for luma in lumas] for engine in engines]
    for engine in engines:
        engine.warm_up(extent.sizes)
    memory: dict[str, dict[str, int]] = {}

    def work(seed: int, end: float) -> int:
        order, ran = random.Random(seed), 0
        while deadline.left > end or (ran < _LEAST_FRAMES and deadline.left > 0):
            engine, size = order.randrange(len(engines)), order.randrange(len(lumas))
            difference = np.abs(engines[engine].sharpen(lumas[size]) - wanted[engine][size]).max()
            if difference > TOLERANCE:
                raise StepError(f"under load a frame of {extent.sizes[size]} differs by {difference} grey levels")
            ran += 1
        return ran

    def half(seed: int) -> int:
        end = deadline.left - min(extent.load_s, 0.5 * deadline.left) / 2
        with ThreadPoolExecutor(extent.threads) as pool:
            return sum(pool.map(work, range(seed, seed + extent.threads), [end] * extent.threads))

    frames = half(0)
    memory["middle"] = used(target)
    before = [counts(engine) for engine in engines]
    frames += half(extent.threads)
    memory["end"] = used(target)
    replays = sum(counts(engine)[0] - first[0] for engine, first in zip(engines, before, strict=True))
    others = sum(counts(engine)[1] - first[1] for engine, first in zip(engines, before, strict=True))
    share = replays / max(1, replays + others)
    if share < _LEAST_WITH_GRAPH:
        raise StepError(f"{others} of {replays + others} batches ran without a CUDA graph")
    for kind, bytes_ in memory["end"].items():
        if bytes_ - memory["middle"][kind] > _GROWTH:
            raise StepError(f"memory grows under load: {memory}")
    return {"frames": frames, "batches": replays + others, "with_graph": round(share, 4), "memory": memory}


def used(target: Target) -> dict[str, int]:
    """Return the memory of this process and of the device in bytes; of the device as a change, only to be compared."""
    figures = {"host": psutil.Process().memory_info().rss}
    runtime = target.runtime()
    if runtime is not None:
        figures["device"] = -runtime.free_memory()
    return figures


def capturing(target: Target, extent: Extent, deadline: Deadline) -> dict[str, Any]:
    """Capture graphs of new sizes while other threads open sessions and encode."""
    stop, opened, encoded = Event(), count(), count()
    engine = target.open(extent.students[0], "CUDA", True)
    choice = EncoderChoice.measure(1)

    def opens() -> None:
        while not stop.is_set():
            target.open(extent.students[0], "CUDA", True)
            next(opened)

    def encodes() -> None:
        while not stop.is_set():
            encoder = choice.encoder("H264", RateControl(1_000_000))
            for _, frame in zip(range(30), moving_frames(320, 192), strict=False):
                encoder.encode(frame)
                next(encoded)

    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(opens), pool.submit(encodes)]
        try:
            new = _run_new_sizes(engine, lambda: all(not one.done() for one in others))
        finally:
            stop.set()
        for one in others:
            one.result()
    return {"new_sizes": new, "opened": next(opened), "encoded": next(encoded), "nvenc": choice.nvenc}


def _run_new_sizes(engine: Engine, going_on: Callable[[], bool]) -> dict[str, int]:
    sizes = [(64 + 16 * index, 64) for index in range(_NEW_SIZES)]
    first = counts(engine)
    while going_on():
        for size in sizes:
            engine.sharpen(plane(*size))
        replays = counts(engine)[0] - first[0]
        if replays >= 2 * _NEW_SIZES or counts(engine)[1] - first[1] > 5 * _NEW_SIZES:
            break
    replays, others = (now - then for now, then in zip(counts(engine), first, strict=True))
    if replays < _NEW_SIZES:
        raise StepError(f"{others} runs of {_NEW_SIZES} new sizes, and only {replays} had a CUDA graph")
    return {"with_graph": replays, "without": others}
