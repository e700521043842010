"""Measure methods on test sets: every method gets the same degraded frames; figures are stored by picture."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

from acutance.training.data.pictures import DataError
from acutance.training.data.process_pool import process_pool
from acutance.training.degradation.degrade import Degradation
from acutance.training.evaluation.bootstrap import INTERVAL_KIND
from acutance.training.evaluation.methods.linear import LINEAR_KIND
from acutance.training.evaluation.methods.methods import Choice, Method, open_method
from acutance.training.evaluation.methods.unsharp import UNSHARP_KIND
from acutance.training.evaluation.testsets import SETS_KIND, Source, find_sources, samples, set_name
from acutance.training.metrics.registry import METRICS, measure

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Measurement:
    """One method on one picture or clip under one degradation.

    Attributes:
        set: Name of the set: its folder and the parent folder.
        category: Category of the picture or clip.
        source: Path of the file below the folder of the set.
        degradation: Name of the degradation.
        method: Name of the method in tables.
        frames: Number of frames that were evaluated.
        figures: Mean over the frames, by the name of a metric.
    """

    set: str
    category: str
    source: str
    degradation: str
    method: str
    frames: int
    figures: dict[str, float]


@dataclass(frozen=True)
class Plan:
    """The measurements to make on each picture or clip.

    Attributes:
        methods: The methods, `input` among them.
        metrics: Names of metrics.
        filters: Folder of the linear filters, if `linear` is among the methods.
        cache: Folder in which degraded frames are kept, or None.
    """

    methods: tuple[Choice, ...]
    metrics: tuple[str, ...]
    filters: Path | None = None
    cache: Path | None = None


def protocol(metrics: Sequence[str]) -> str:
    """The protocol of the measurement, as text for a footnote."""
    kinds = "; ".join(METRICS[name].kind for name in metrics)
    return (
        f"luma of BT.601 limited range; {kinds}; means over pictures, of clips over their frames first; "
        f"{INTERVAL_KIND}; {SETS_KIND}; {UNSHARP_KIND}; {LINEAR_KIND}"
    )


def measure_sets(
    plan: Plan,
    tables: Sequence[tuple[Path, Sequence[str]]],
    processes: int = 1,
    progress: Progress = lambda done, total: None,
) -> list[Measurement]:
    """Measure methods on sets.

    Args:
        plan: Methods and metrics.
        tables: Folders of sets, each with its degradations.
        processes: Number of processes, each on one core.
        progress: Called with the numbers of finished and of all pairs of picture and degradation.

    Returns:
        Measurements in the order of sets, pictures, degradations and methods, for any number of processes.

    Raises:
        DataError: A set or a method cannot be used.
    """
    _check_names([folder for folder, _ in tables])
    work = []
    for folder, names in tables:
        ways = [Degradation.parse(name) for name in names]
        sources = find_sources(folder, any(how.codec for how in ways))
        work += [(source, how) for source in sources for how in ways]
    measured: dict[int, list[Measurement]] = {}
    for index, found in _measured(plan, work, processes):
        measured[index] = found
        progress(len(measured), len(work))
    return [one for index in range(len(work)) for one in measured[index]]


def _check_names(folders: Sequence[Path]) -> None:
    named: dict[str, Path] = {}
    for folder in folders:
        name, other = set_name(folder), named.setdefault(set_name(folder), folder)
        if other.resolve() != folder.resolve():
            raise DataError(f"both {other} and {folder} would be {name} in the tables: evaluate them separately")


def _measured(
    plan: Plan, work: Sequence[tuple[Source, Degradation]], processes: int
) -> Iterator[tuple[int, list[Measurement]]]:
    if processes == 1:
        methods = _open(plan)
        yield from ((index, _measure(plan, methods, *pair)) for index, pair in enumerate(work))
        return
    with process_pool(processes, _Worker.start, plan) as pool:
        pending = {pool.submit(_Worker.measure, *pair): index for index, pair in enumerate(work)}
        try:
            for done in as_completed(pending):
                yield pending[done], done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


class _Worker:
    """State of a worker process: the opened methods."""

    plan: Plan
    methods: list[Method]

    @classmethod
    def start(cls, plan: Plan) -> None:
        os.environ["OMP_NUM_THREADS"] = "1"  # the processes share the cores; torch reads it at its import
        cls.plan, cls.methods = plan, []

    @classmethod
    def measure(cls, source: Source, how: Degradation) -> list[Measurement]:
        # Opened with the first picture, not in the initializer, where an error would break the pool.
        cls.methods = cls.methods or _open(cls.plan)
        return _measure(cls.plan, cls.methods, source, how)


def _open(plan: Plan) -> list[Method]:
    return [open_method(choice, plan.filters) for choice in plan.methods]


def _measure(plan: Plan, methods: Sequence[Method], source: Source, how: Degradation) -> list[Measurement]:
    frames = samples(source, how, plan.cache)
    found = []
    for method in methods:
        figures = [measure(plan.metrics, method(one.input), one.truth, one.border) for one in frames]
        means = {name: sum(figure[name] for figure in figures) / len(figures) for name in plan.metrics}
        found.append(Measurement(source.set, source.category, source.name, how.name, method.name, len(frames), means))
    return found
