"""Frames as the student of the call leaves them: the input of a student that takes a plate."""

from dataclasses import replace
from functools import lru_cache

from acutance.model.engine.catalog import LADDER
from acutance.model.engine.engine import EngineError
from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import open_student
from acutance.training.data.pictures import DataError
from acutance.training.degradation.degrade import DegradedFrame

PASS = "pass"
"""Name for no student: the frame passes through."""
STUDENTS = (PASS, *LADDER)
"""What may come before a student that takes a plate."""


def after_student(frame: DegradedFrame, student: str) -> DegradedFrame:
    """Return a frame sharpened by a student, as in the server, with the planes of its plate laid onto the result.

    Args:
        frame: The degraded frame.
        student: Name or file of a student that takes no plate, or `PASS`.

    Raises:
        DataError: There is no such student.
    """
    luma, chroma = frame.luma, frame.chroma
    if student != PASS:
        chroma = chroma and chroma.copy()
        luma = _engine(student).sharpen(luma, hints=frame.hints, chroma=chroma)
    return replace(frame, luma=luma, planes=None if frame.planes is None else frame.planes.onto(luma), chroma=chroma)


@lru_cache(maxsize=8)
def _engine(student: str) -> Sharpener:
    try:
        return open_student(student, "cpu", 1)
    except EngineError as error:
        raise DataError(str(error)) from None
