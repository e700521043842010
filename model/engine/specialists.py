"""Two students of one size: one for frames of full size, one for frames that the sender reduced.

An enlarged frame lacks different detail than a frame of full size, and a small student has too few weights to restore
both well. A second student costs no time, because each frame is sharpened only by the one that was trained for it.
"""

from collections.abc import Sequence
from pathlib import Path

from acutance.model.engine import catalog
from acutance.model.engine.failover import open_engine
from acutance.model.engine.providers import Request
from acutance.model.engine.sharpener import Sharpener
from acutance.model.hints import REDUCTIONS, UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane, Size

_REQUESTS: dict[str, Request] = {"OpenVINO": "openvino", "OpenVINO bf16": "openvino-bf16"}


class Specialists:
    """A student, and the specialist of the same size for enlarged frames.

    Attributes:
        student: the student for frames of full size; both take the same time.
        general: the open student for frames of full size.
        enlarged: the open student for enlarged frames.
        at_once: how many calls of ``sharpen`` at the same time are useful.
    """

    def __init__(self, general: Sharpener, enlarged: Sharpener) -> None:
        self.student = general.student
        self.at_once = min(general.at_once, enlarged.at_once)
        self.general, self.enlarged = general, enlarged

    @property
    def provider(self) -> str:
        """Where the next frame of full size runs: such as ``CUDA`` or ``CPU``, see `providers.TRAITS`."""
        return self.general.provider

    @property
    def note(self) -> str | None:
        """Why no better provider is used, in one sentence; None if the best one is."""
        return self.general.note or self.enlarged.note

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        """Sharpen a plane with the student for its reduction, as `Engine.sharpen` does."""
        engine = self.enlarged if hints.reduction >= REDUCTIONS[0] else self.general
        return engine.sharpen(luma, out, hints, strength, plate, chroma)

    def warm_up(self, sizes: Sequence[Size]) -> None:
        """Prepare a device for frames of these sizes, as `Engine.warm_up` does."""
        self.general.warm_up(sizes)
        self.enlarged.warm_up(sizes)

    def release_memory(self) -> None:
        """Return memory that no call is using to the system, as `Engine.release_memory` does."""
        self.general.release_memory()
        self.enlarged.release_memory()


def open_student(student: str | Path, provider: Request, threads: int) -> Sharpener:
    """Open a student as `Engine.open` does, with its specialist if there is one.

    Raises:
        EngineError: there is no such student, or one of the two files does not have the interface of a student.
    """
    return with_specialist(open_engine(student, provider, threads), provider, threads)


def with_specialist(general: Sharpener, provider: Request, threads: int) -> Sharpener:
    """Return an open student with its specialist, if there is one.

    Args:
        general: the student for frames of full size.
        provider: for the specialist, see `Engine.open`, unless ``general`` runs on OpenVINO.
        threads: see `Engine.open`.

    Raises:
        EngineError: the file of the specialist does not have the interface of a student.
    """
    enlarged = catalog.specialist(general.student)
    if enlarged is None:
        return general
    return Specialists(general, open_engine(enlarged.file, _REQUESTS.get(general.provider, provider), threads))
