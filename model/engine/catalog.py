"""The catalog of shipped students: ONNX files, each with a model card (JSON) of the same name beside it."""

import json
from dataclasses import dataclass
from pathlib import Path

from acutance.model.nets.shape import StudentShape

WEIGHTS = Path(__file__).parents[1] / "weights"
DEFAULT = "small"
LADDER = ("base", "small", "nano")
"""Students from which a server chooses, best first. `large` is not one of them: it needs more training."""

MEMORY = "memory"
"""The student that takes what is remembered of a call; it follows any other student."""


class UnknownStudentError(ValueError):
    """There is neither a shipped student nor a file of this name."""


@dataclass(frozen=True)
class Student:
    """One student.

    Attributes:
        name: name for people, such as ``small``.
        file: its ONNX file.
        shape: shape name, such as ``r2c16n2h``: grid 1/2, 16 channels, 2 body convolutions, takes hints; None for a
            file without a card.
        grid: factor by which its head reduces width and height of the frame.
        parameters: number of weights and biases, with batch norm folded; None for a file without a card.
        mac_per_pixel: multiply-accumulate operations per pixel of the frame; None for a file without a card.
        sha256: SHA-256 of the ONNX file in hexadecimal digits, from its card; None for a file without a card.
    """

    name: str
    file: Path
    shape: str | None = None
    grid: int = 2
    parameters: int | None = None
    mac_per_pixel: float | None = None
    sha256: str | None = None

    @property
    def takes_plate(self) -> bool:
        """Whether it takes what is remembered of a call, and returns the gate of the plate."""
        return self.shape is not None and StudentShape.parse(self.shape).plate

    def bytes_per_pixel(self, feature: int = 4) -> float | None:
        """Memory traffic per pixel, see `StudentShape.bytes_per_pixel`; None for a file without a card."""
        return None if self.shape is None else StudentShape.parse(self.shape).bytes_per_pixel(feature)


def shipped() -> dict[str, Student]:
    """Return the students of this installation by name."""
    return {card.stem: _read_card(card) for card in sorted(WEIGHTS.glob("*.json"))}


def find(name_or_file: str | Path) -> Student:
    """Return the shipped student of this name, or the one in this ONNX file.

    Raises:
        UnknownStudentError: there is neither a student nor a file of this name.
    """
    students = shipped()
    if str(name_or_file) in students:
        return students[str(name_or_file)]
    file = Path(name_or_file)
    if file.suffix == ".onnx" and file.is_file():
        card = file.with_suffix(".json")
        return _read_card(card) if card.is_file() else Student(name=file.stem, file=file)
    raise UnknownStudentError(
        f"there is no student {str(name_or_file)!r}: "
        f"give one of {', '.join(students) or '(none ships)'} or the path of an .onnx file"
    )


def specialist(student: Student) -> Student | None:
    """Return the student of the same size for enlarged frames, `NAME-enlarged.onnx` beside the file, or None."""
    file = student.file.with_name(f"{student.file.stem}-enlarged.onnx")
    return find(file) if file.is_file() else None


def _read_card(card: Path) -> Student:
    fields = json.loads(card.read_text(encoding="utf-8"))
    return Student(
        name=fields["name"],
        file=card.with_suffix(".onnx"),
        shape=fields["shape"],
        grid=fields["grid"],
        parameters=fields["parameters"],
        mac_per_pixel=fields["mac_per_pixel"],
        sha256=fields["sha256"],
    )
