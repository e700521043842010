"""What a server needs of something that sharpens: the one interface of an engine, its fallback and its specialists."""

from typing import Protocol

from acutance.model.engine import catalog
from acutance.model.hints import UNCODED, Hints
from acutance.model.planes import Plane


class Sharpener(Protocol):
    """A student at work, on whatever runs it; see `acutance.model.engine.engine.Engine`.

    Attributes:
        student: the student that it runs.
        at_once: calls of ``sharpen`` that make sense at once.
    """

    student: catalog.Student
    at_once: int

    @property
    def provider(self) -> str:
        """Where the next frame runs: ``TensorRT``, ``CUDA`` or ``CPU``."""

    @property
    def note(self) -> str | None:
        """Why no better provider runs, in one sentence; None where the best one does."""

    def sharpen(self, luma: Plane, out: Plane | None = None, hints: Hints = UNCODED, strength: float = 1.0) -> Plane:
        """Return ``luma`` sharpened, as `Engine.sharpen` does."""
