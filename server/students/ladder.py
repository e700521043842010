"""The open students of a server, best first, each with its measured cost on this host."""

from collections.abc import Sequence
from time import perf_counter, process_time

import numpy as np

from acutance.model.engine import catalog
from acutance.model.engine.providers import Request
from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import open_student
from acutance.server.options.serving import AUTO
from acutance.server.students.governor import PASS, Rung

# Height and width in pixels: large enough to outweigh the overhead, small enough to measure all students in 0.25 s.
_MEASURED = (360, 640)
_TURNS, _ROUNDS = 3, 4


class Ladder:
    """The open students and their rungs.

    Attributes:
        engines: by the name of their rung, best first.
        rungs: best first; the last one passes frames through.
    """

    def __init__(self, engines: Sequence[Sharpener]):
        self.engines = {engine.student.name: engine for engine in engines}
        # In turns, so that a short disturbance of the host does not affect one student alone.
        turns = [[_measured(engine) for engine in engines] for _ in range(_TURNS)]
        best = (min(seen, key=lambda rung: rung.seconds_per_pixel) for seen in zip(*turns, strict=True))
        self.rungs = [*best, Rung(PASS)]

    @classmethod
    def open(cls, student: str, provider: Request, threads: int) -> "Ladder":
        """Open the students that `student` allows.

        Args:
            student: ``auto`` for all students of `catalog.LADDER`; one of their names for it and the cheaper ones;
                another name of the catalogue, or the path of an ONNX file, for that student alone.
            provider: see `Engine.open`.
            threads: see `Engine.open`.

        Raises:
            EngineError: a student cannot be opened.
        """
        names = list(catalog.LADDER)
        if student in names:
            names = names[names.index(student) :]
        elif student != AUTO:
            names = [student]
        return cls([open_student(name, provider, threads) for name in names])

    def release_memory(self) -> None:
        """Return unused memory of the students to the system; blocks for some milliseconds."""
        for engine in self.engines.values():
            engine.release_memory()

    @property
    def best(self) -> Sharpener:
        """The engine of the first rung."""
        return next(iter(self.engines.values()))

    def from_rung(self, name: str) -> list[Rung]:
        """Return the rung with this name and all below it.

        Raises:
            KeyError: there is no rung with this name.
        """
        names = [rung.name for rung in self.rungs]
        if name not in names:
            raise KeyError(name)
        return self.rungs[names.index(name) :]


def _measured(engine: Sharpener) -> Rung:
    luma = np.random.default_rng(0).integers(0, 256, _MEASURED, np.uint8)
    out = np.empty_like(luma)
    engine.sharpen(luma, out)  # the first run makes the buffers
    times, cpu_begun = [], process_time()
    for _ in range(_ROUNDS):
        begun = perf_counter()
        engine.sharpen(luma, out)
        times.append(perf_counter() - begun)
    cpu = (process_time() - cpu_begun) / _ROUNDS
    # The minimum: any disturbance makes a run longer.
    return Rung(engine.student.name, min(times) / luma.size, cpu / luma.size)
