"""The file of a student: found, compared with its card, and checked for the interface of a student."""

import hashlib
from pathlib import Path

import onnxruntime as ort

from acutance.model.engine import catalog
from acutance.model.hints import COUNT


class EngineError(RuntimeError):
    """A student cannot be opened; the message says which one, why, and what to do."""


def find(student: str | Path) -> catalog.Student:
    """Return a student whose file is what its card describes.

    Args:
        student: a name of the catalogue or the path of an ONNX file.

    Raises:
        EngineError: there is none, or its file is another one.
    """
    try:
        found = catalog.find(student)
        _check_file(found)
    except (catalog.UnknownStudentError, OSError) as error:
        raise EngineError(f"cannot open the student: {error}") from error
    return found


def _check_file(student: catalog.Student) -> None:
    if student.sha256 is None:
        return
    with student.file.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != student.sha256:
        raise EngineError(
            f"cannot open the student: {student.file} is not what its card describes (SHA-256 {digest[:12]}…, not "
            f"{student.sha256[:12]}…): copy or export both again"
        )


def check_interface(file: Path, session: ort.InferenceSession) -> None:
    """Check the inputs and outputs of an open student.

    Raises:
        EngineError: they are not those of a student.
    """
    inputs, outputs = session.get_inputs(), session.get_outputs()
    kinds = [end.type for end in inputs]
    colour = [end.shape[2:3] for end in outputs] == [[3]]
    planes = inputs[0].shape[1] - colour if inputs and isinstance(inputs[0].shape[1], int) else 0
    is_student = (
        kinds in (["tensor(uint8)", "tensor(float)"], ["tensor(uint8)", "tensor(uint8)", "tensor(float)"])
        and [end.type for end in outputs] == ["tensor(uint8)"]
        and all(len(end.shape) == 4 for end in (*inputs, *outputs))
        and planes in ((1, 2) if colour else (1, 2, 3, 4))
        and (len(inputs) == 2 or (planes in (1, 3) and inputs[1].shape[1] == COUNT))
        and not any(isinstance(side, int) for side in inputs[0].shape[2:])
    )
    if not is_student:
        raise EngineError(
            f"{file} is not a student: it must take uint8 planes [N, 1 to 4, H, W] of any H and W and a strength, "
            "and return one plane of that size, or rows of luma and chroma. "
            "`acutance-train export` writes such files"
        )
