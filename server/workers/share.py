"""The number of workers, and the part of the host that each of them gets."""

import math
import os
from collections.abc import Callable, Sequence
from typing import Literal

from acutance.model.processors import usable_processors
from acutance.server.telemetry.host_info import gpu_names

# One event loop carries 1 / LOOP_EACH = 10 calls of 1280x720, whose decoding and encoding take PROCESSORS_EACH = 0.4
# processors each (placement.py). With fewer processors for each loop, the processors are full before the loop is.
_PROCESSORS_EACH = 4
_CUDA = "CUDA_VISIBLE_DEVICES"


def worker_count(
    wanted: int | Literal["auto"],
    processors: Callable[[], float] = usable_processors,
    gpus: Callable[[], Sequence[str]] = lambda: visible_gpus(),
) -> int:
    """Return the number of worker processes; 1 if the accepting process carries the sessions itself.

    Args:
        wanted: value of ``--workers``.
        processors: returns the number of usable processors.
        gpus: returns the usable GPUs.
    """
    if wanted != "auto":
        return wanted
    return max(1, len(gpus()), math.floor(processors() / _PROCESSORS_EACH))


def visible_gpus() -> list[str]:
    """Return the usable GPUs as ``CUDA_VISIBLE_DEVICES`` names them; it is obeyed if it is set."""
    named = os.environ.get(_CUDA)
    if named is not None:
        return [each.strip() for each in named.split(",") if each.strip() and each.strip() != "-1"]
    return [str(number) for number in range(len(gpu_names()))]


def gpu_of(number: int, gpus: Sequence[str]) -> str | None:
    """Return the GPU of the worker with this number, counted from 0; workers share GPUs if there are more of them."""
    return gpus[number % len(gpus)] if gpus else None


def use_gpu(gpu: str | None) -> None:
    """Let this process see only this GPU; called before CUDA starts. None changes nothing."""
    if gpu is not None:
        os.environ[_CUDA] = gpu


def threads_of(wanted: int, workers: int, processors: float) -> int:
    """Return the CPU threads of one inference in a worker; ``wanted`` is the value of ``--threads``."""
    return wanted or max(1, int(processors) // max(workers, 2))


def inferences_of(at_once: int, workers: int, on_gpu: bool) -> int:
    """Return how many inferences a worker runs at once; ``at_once`` is that of a server without workers."""
    return at_once if on_gpu else max(1, at_once // workers)
