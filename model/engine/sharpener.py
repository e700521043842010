"""The interface that an engine, its failover and its specialists share."""

from collections.abc import Sequence
from typing import Protocol

from acutance.model.engine import catalog
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane, Size


class Sharpener(Protocol):
    """An open student on some provider; see `acutance.model.engine.engine.Engine`.

    Attributes:
        student: the student that it runs.
        at_once: how many calls of ``sharpen`` at the same time are useful.
    """

    student: catalog.Student
    at_once: int

    @property
    def provider(self) -> str:
        """Where the next frame runs: such as ``CUDA`` or ``CPU``, see `providers.TRAITS`."""

    @property
    def note(self) -> str | None:
        """Why no better provider is used, in one sentence; None if the best one is."""

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        """Sharpen a plane, as `Engine.sharpen` does."""

    def warm_up(self, sizes: Sequence[Size]) -> None:
        """Prepare a device for frames of these sizes, as `Engine.warm_up` does."""

    def release_memory(self) -> None:
        """Return memory that no call is using to the system, as `Engine.release_memory` does."""
