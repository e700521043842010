"""Chooses the provider of each student by timing on this host, where several libraries run on the same processors."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from time import perf_counter, process_time

import numpy as np

from acutance.model.engine import openvino_runtime
from acutance.model.engine.failover import open_engine, open_engine_on
from acutance.model.engine.providers import OPENVINO, TRAITS, ProviderError, Request
from acutance.model.engine.sharpener import Sharpener
from acutance.model.planes import Size

log = logging.getLogger(__name__)

SIZE: Size = (1280, 720)
"""Width and height of the timed frame."""
_ROUNDS, _LEAST_ROUNDS, _BUDGET_S = 8, 3, 1.5
# Share of the time of ONNX Runtime below which another library is used: smaller differences are within the noise.
_FASTER = 0.9


@dataclass(frozen=True)
class Cost:
    """The measured cost of a student, on a host that does nothing else.

    Attributes:
        seconds_per_pixel: time of a frame; on the CPU its processor time if that is less.
        cpu_per_pixel: processor seconds of all threads together; almost 0 on a GPU.
    """

    seconds_per_pixel: float
    cpu_per_pixel: float


@dataclass(frozen=True)
class Candidates:
    """One student, open on each provider that may be the fastest.

    Attributes:
        engines: at least one; the first one is used unless another one is clearly faster.
        refused: reason why a provider is not among them, by its name.
    """

    engines: Sequence[Sharpener]
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Choice:
    """A student on the provider that was chosen.

    Attributes:
        engine: the open student.
        cost: its cost.
        compared: milliseconds of a frame of `SIZE`, by provider, that of ``engine`` included.
        refused: see `Candidates`.
    """

    engine: Sharpener
    cost: Cost
    compared: dict[str, float]
    refused: dict[str, str]

    @property
    def known(self) -> "Known":
        """What was found, for `reopen` in another process of this host."""
        return Known(self.engine.provider, self.cost, self.compared, self.refused)

    @property
    def summary(self) -> str:
        """The figures in words, such as ``base on OpenVINO: 22 ms per frame of 1280x720 (CPU 46 ms)``."""
        provider = self.engine.provider
        slower = [f"{name} {ms:.0f} ms" for name, ms in self.compared.items() if name != provider]
        others = "; ".join(
            [*filter(None, [", ".join(slower)]), *(f"{name}: {why}" for name, why in self.refused.items())]
        )
        ms = self.compared.get(provider, 0.0)
        return (
            f"{self.engine.student.name} on {provider}: {ms:.0f} ms per frame of {SIZE[0]}x{SIZE[1]}"
            + f" ({others})" * bool(others)
        )


@dataclass(frozen=True)
class Known:
    """A choice without its engine.

    Attributes:
        provider: the chosen provider.
        cost: see `Choice`.
        compared: see `Choice`.
        refused: see `Choice`.
    """

    provider: str
    cost: Cost
    compared: dict[str, float]
    refused: dict[str, str]


def reopen(student: str, provider: Request, threads: int, known: Known) -> Choice:
    """Open a student as it was chosen before, without timing it: in a process that starts while others have calls.

    Args:
        student: see `Engine.open`.
        provider: see `Engine.open`.
        threads: see `Engine.open`.
        known: the choice of another process with the same arguments.

    Raises:
        EngineError: see `candidates`.
    """
    if known.provider in OPENVINO:
        try:
            engine = open_engine_on(student, known.provider, threads)
        except ProviderError:
            engine = open_engine(student, provider, threads)
    else:
        engine = open_engine(student, provider, threads)
    if engine.provider != known.provider:  # such as a GPU that was lost meanwhile
        return choose([Candidates([engine])])[0]
    return Choice(engine, known.cost, known.compared, known.refused)


def candidates(student: str, provider: Request, threads: int) -> Candidates:
    """Open a student on each provider among which a measurement decides.

    Only ``auto`` on a host without a GPU leaves a choice: ONNX Runtime, OpenVINO and OpenVINO in bf16.

    Args:
        student: see `Engine.open`.
        provider: see `Engine.open`.
        threads: see `Engine.open`.

    Raises:
        EngineError: there is no such student, or its file does not have the interface of a student.
    """
    first = open_engine(student, provider, threads)
    if provider != "auto" or first.provider != "CPU":
        return Candidates([first])
    if not openvino_runtime.installed():
        return Candidates([first], {"OpenVINO": openvino_runtime.NOT_INSTALLED})
    engines, refused = [first], {}
    for name in OPENVINO:
        try:
            engines.append(open_engine_on(student, name, threads, first.note))
        except ProviderError as error:
            refused[name] = str(error)
    return Candidates(engines, refused)


def choose(
    students: Sequence[Candidates],
    clock: Callable[[], float] = perf_counter,
    cpu_clock: Callable[[], float] = process_time,
) -> list[Choice]:
    """Time all engines and return the choice for each student.

    Args:
        students: candidates of each student.
        clock: in seconds.
        cpu_clock: processor time of this process, in seconds.
    """
    costs = iter(_measured([engine for each in students for engine in each.engines], clock, cpu_clock))
    choices = []
    for each in students:
        known = [next(costs) for _ in each.engines]
        seconds = [cost.seconds_per_pixel for cost in known]
        chosen = fastest(seconds)
        ms = (round(1000 * one * SIZE[0] * SIZE[1], 2) for one in seconds)
        compared = dict(zip((engine.provider for engine in each.engines), ms, strict=True))
        choices.append(Choice(each.engines[chosen], known[chosen], compared, each.refused))
    return choices


def fastest(seconds: Sequence[float]) -> int:
    """Return the index of the fastest engine; 0 unless another one is clearly faster than the first."""
    best = min(range(len(seconds)), key=seconds.__getitem__)
    return best if seconds[best] < _FASTER * seconds[0] else 0


def _measured(engines: Sequence[Sharpener], clock: Callable[[], float], cpu_clock: Callable[[], float]) -> list[Cost]:
    # In turns, so that a short disturbance of the host does not affect one engine alone.
    width, height = SIZE
    luma = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    out = np.empty_like(luma)
    best = [(float("inf"), float("inf"))] * len(engines)
    begun = clock()
    for number in range(-1, _ROUNDS):
        if number >= _LEAST_ROUNDS and clock() - begun > _BUDGET_S:
            break
        for index, engine in enumerate(engines):
            run_begun, cpu_begun = clock(), cpu_clock()
            engine.sharpen(luma, out)
            took, used = clock() - run_begun, cpu_clock() - cpu_begun
            if not TRAITS[engine.provider].staged:
                # Other programs make a run longer, but not its processor time, which is less with one thread only.
                took = min(took, used)
            # The minimum: any disturbance makes a run longer. The first round makes the buffers.
            if number >= 0:
                best[index] = min(best[index][0], took), min(best[index][1], used)
    return [Cost(seconds / luma.size, cpu / luma.size) for seconds, cpu in best]
