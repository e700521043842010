"""Two students of one size in turns: one for pictures as they were sent, one for those that the sender had shrunk.

What is missing from an enlarged picture is another thing than what a codec takes from one at its full size, and a small
student has no room to learn both well. Weights cost no time: the frame goes to whoever was trained for it.
"""

from pathlib import Path

from acutance.model.engine import catalog
from acutance.model.engine.failover import open_engine
from acutance.model.engine.providers import Request
from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import REDUCTIONS, UNCODED, Hints
from acutance.model.planes import Plane


class Specialists:
    """A student, and the specialist of its size for enlarged pictures.

    Attributes:
        student: the one for pictures as they were sent; both cost the same.
        at_once: calls of ``sharpen`` that make sense at once.
    """

    def __init__(self, general: Sharpener, enlarged: Sharpener) -> None:
        self.student = general.student
        self.at_once = min(general.at_once, enlarged.at_once)
        self._general, self._enlarged = general, enlarged

    @property
    def provider(self) -> str:
        """Where the next picture of full size runs: ``TensorRT``, ``CUDA`` or ``CPU``."""
        return self._general.provider

    @property
    def note(self) -> str | None:
        """Why no better provider runs, in one sentence; None where the best one does."""
        return self._general.note or self._enlarged.note

    def sharpen(self, luma: Plane, out: Plane | None = None, hints: Hints = UNCODED, strength: float = 1.0) -> Plane:
        """Return ``luma`` sharpened by the student for its kind, as `Engine.sharpen` does."""
        engine = self._enlarged if hints.reduction >= REDUCTIONS[0] else self._general
        return engine.sharpen(luma, out, hints, strength)


def open_student(student: str | Path, provider: Request, threads: int) -> Sharpener:
    """Open a student, with the specialist that lies beside it if there is one, as `Engine.open` does.

    Raises:
        EngineError: no such student, or one of the two files is not a model of that interface.
    """
    general = open_engine(student, provider, threads)
    enlarged = catalog.specialist(general.student)
    if enlarged is None:
        return general
    return Specialists(general, open_engine(enlarged.file, provider, threads))
