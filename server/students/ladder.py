"""The students that a server holds ready, best first, each with what it costs on this machine."""

from collections.abc import Sequence
from time import perf_counter, process_time

import numpy as np

from acutance.model.engine import catalog
from acutance.model.engine.providers import Request
from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import open_student
from acutance.server.options.server import AUTO
from acutance.server.students.governor import PASS, Rung

# Large enough that a run is not all overhead, small enough that all students take a quarter of a second.
_MEASURED = (360, 640)
_TURNS, _ROUNDS = 3, 4


class Ladder:
    """Engines by the name of their rung.

    Attributes:
        rungs: best first; the last one passes frames through.
    """

    def __init__(self, engines: Sequence[Sharpener]):
        self.engines = {engine.student.name: engine for engine in engines}
        # In turns: what disturbs the machine for a moment does not fall on one student alone.
        turns = [[_measured(engine) for engine in engines] for _ in range(_TURNS)]
        best = (min(seen, key=lambda rung: rung.seconds_per_pixel) for seen in zip(*turns, strict=True))
        self.rungs = [*best, Rung(PASS)]

    @classmethod
    def open(cls, student: str, provider: Request, threads: int) -> "Ladder":
        """Open the students that `student` allows.

        Args:
            student: ``auto`` for the family that the catalogue recommends, a name of the catalogue or the path of an
                ONNX file: that one, and below a shipped one those that cost less.
            provider: see `Engine.open`.
            threads: see `Engine.open`.

        Raises:
            EngineError: one of them does not open.
        """
        names = list(catalog.LADDER)
        if student in names:
            names = names[names.index(student) :]
        elif student != AUTO:
            names = [student]
        return cls([open_student(name, provider, threads) for name in names])

    @property
    def best(self) -> Sharpener:
        """The first rung's."""
        return next(iter(self.engines.values()))

    def from_rung(self, name: str) -> list[Rung]:
        """Return the rungs from the one with this name on down.

        Raises:
            KeyError: there is none with this name.
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
    # The least of them: whatever disturbs a run makes it longer.
    return Rung(engine.student.name, min(times) / luma.size, cpu / luma.size)
