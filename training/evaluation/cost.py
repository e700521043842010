"""Cost of methods: parameters, multiply-accumulates per pixel, and milliseconds per frame on this host."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from acutance.model.engine import catalog, providers
from acutance.model.engine.engine import Engine
from acutance.model.hints import UNCODED
from acutance.training.data.pictures import DataError
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.methods.foreign import ForeignMethod
from acutance.training.evaluation.methods.linear import SIDE
from acutance.training.evaluation.methods.methods import Choice, Method, open_method
from acutance.training.evaluation.methods.networks import ShippedStudent, TorchNetwork
from acutance.training.evaluation.testsets import MethodInput

Clock = Callable[[], float]

_REQUESTS: dict[str, providers.Request] = {"CUDA": "cuda", "TensorRT": "tensorrt"}
_SLOW = 1.0
"""Seconds per frame above which three rounds are enough: noise is small relative to such times."""
_SLOW_ROUNDS = 3
_COUNTED = 96
"""Side in pixels of the frame in which multiply-accumulates are counted: a multiple of every scale and window."""


@dataclass(frozen=True)
class Timing:
    """Median milliseconds per frame, and `where`: provider, threads and frame size."""

    where: str
    milliseconds: float


@dataclass(frozen=True)
class Cost:
    """The cost of one method.

    Attributes:
        method: Name of the method in tables.
        parameters: Number of weights and biases, None if unknown.
        mac_per_pixel: Multiply-accumulates per pixel of the frame, None if unknown.
        timings: Median time per frame, by provider and threads.
    """

    method: str
    parameters: int | None
    mac_per_pixel: float | None
    timings: tuple[Timing, ...]


def parse_size(text: str) -> tuple[int, int]:
    """Read `1280x720` as width and height.

    Raises:
        DataError: It is not a size from 16x16 to 4096x2304.
    """
    width, cross, height = text.partition("x")
    if not (
        cross and width.isdecimal() and height.isdecimal() and 16 <= int(width) <= 4096 and 16 <= int(height) <= 2304
    ):
        raise DataError(f"{text!r} is not a frame size such as 1280x720, from 16x16 to 4096x2304")
    return int(width), int(height)


def costs(
    choices: Sequence[Choice],
    size: tuple[int, int],
    rounds: int,
    threads: Sequence[int] = (1, 2),
    filters: Path | None = None,
    clock: Clock = time.perf_counter,
) -> list[Cost]:
    """Measure the cost of methods on a frame of noise; `input` has no cost and is left out.

    All methods take turns in every round, so that other load on the host affects them equally. Students run on every
    provider of this host, checkpoints and foreign networks with torch on the CPU.

    Args:
        choices: The methods.
        size: Width and height of the frame in pixels.
        rounds: Number of timed runs of each method; at most three where a frame takes a second or more.
        threads: Numbers of CPU threads, each measured separately.
        filters: See `open_method`.
        clock: Returns seconds.

    Raises:
        DataError: A method cannot be opened.
    """
    timed = [choice for choice in choices if choice.kind != "input"]
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0]), np.uint8)
    frame = MethodInput(noise, UNCODED, Degradation(), None)
    before = torch.get_num_threads()
    timings: dict[str, list[Timing]] = {choice.name: [] for choice in timed}
    try:
        for count in threads:
            torch.set_num_threads(count)
            words = f"CPU, {count} thread{'s' if count > 1 else ''}, {size[0]}x{size[1]}"
            opened = [open_method(choice, filters, count) for choice in timed]
            for name, seconds in _rounds(opened, frame, rounds, clock).items():
                timings[name].append(Timing(words, 1000 * median(seconds)))
        for provider in _gpu_providers(timed):
            words = f"{provider}, {size[0]}x{size[1]}"
            runners = [
                ShippedStudent(choice.name, Engine.open(choice.file, provider=_REQUESTS[provider]))
                for choice in timed
                if choice.kind == "student" and choice.file
            ]
            for name, seconds in _rounds(runners, frame, rounds, clock).items():
                timings[name].append(Timing(words, 1000 * median(seconds)))
    finally:
        torch.set_num_threads(before)
    return [_cost(choice, filters, tuple(timings[choice.name])) for choice in timed]


def _gpu_providers(choices: Sequence[Choice]) -> list[str]:
    """Providers other than the CPU that a student runs on here."""
    files = [choice.file for choice in choices if choice.kind == "student" and choice.file]
    if not files:
        return []
    return [name for name, request in _REQUESTS.items() if Engine.open(files[0], provider=request).provider == name]


def _rounds(methods: Sequence[Method], frame: MethodInput, rounds: int, clock: Clock) -> dict[str, list[float]]:
    """Seconds of every round, by method; the first run of each, which allocates buffers, does not count."""
    wanted: dict[str, int] = {}
    for method in methods:
        begun = clock()
        method(frame)
        wanted[method.name] = rounds if clock() - begun < _SLOW else min(rounds, _SLOW_ROUNDS)
    seconds: dict[str, list[float]] = {method.name: [] for method in methods}
    for index in range(rounds):
        for method in methods:
            if index < wanted[method.name]:
                begun = clock()
                method(frame)
                seconds[method.name].append(clock() - begun)
    return seconds


def _cost(choice: Choice, filters: Path | None, timings: tuple[Timing, ...]) -> Cost:
    if choice.kind == "linear":
        return Cost(choice.name, SIDE**2, float(SIDE**2), timings)
    if choice.kind == "unsharp":
        return Cost(choice.name, None, None, timings)
    method = open_method(choice, filters)
    if isinstance(method, ShippedStudent):
        student = catalog.find(method.engine.student.file)
        return Cost(choice.name, student.parameters, student.mac_per_pixel, timings)
    if isinstance(method, TorchNetwork):
        return Cost(choice.name, _parameters(method.network), _macs(method), timings)
    assert isinstance(method, ForeignMethod)
    return Cost(choice.name, _parameters(method.network), _macs(method), timings)


def _parameters(network: torch.nn.Module) -> int:
    return sum(numbers.numel() for numbers in network.parameters())


def _macs(method: Method) -> float:
    """Multiply-accumulates per pixel, counted while a small frame is restored."""
    frame = MethodInput(np.zeros((_COUNTED, _COUNTED), np.uint8), UNCODED, Degradation(), None)
    with FlopCounterMode(display=False) as counter:
        method(frame)
    return float(counter.get_total_flops()) / 2 / _COUNTED**2
