"""A call as its learning sees it, see `acutance.server.learning.call_learning.Learned`."""

from acutance.model.engine.sharpener import Sharpener
from acutance.server.video.pipeline import Pipeline


class LearnedCall:
    """The pipeline of a call, and what may be done with it."""

    def __init__(self, pipeline: Pipeline):
        self._pipeline = pipeline

    @property
    def rung(self) -> str:
        """The student in use; where only the memory works, that of frames of which nothing is remembered."""
        choices = self._pipeline.choices
        return choices.in_use.rung.student or choices.governor.rung.name

    @property
    def wanted(self) -> bool:
        """Whether the peer lets the call be remembered, and has it enhanced."""
        choices = self._pipeline.choices
        return choices.remember and choices.wants_student

    def adopt(self, rung: str, student: Sharpener | None) -> None:
        """Use a student on a rung from the next frame on; None for that of the ladder."""
        if student is None:
            self._pipeline.learned.pop(rung, None)
        else:
            self._pipeline.learned[rung] = student
