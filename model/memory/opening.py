"""Opens students that take a plate. A server without OpenCV imports this too."""

from acutance.model.engine.sharpener import Sharpener


def with_gate(student: Sharpener) -> Sharpener:
    """Return an open student; one that takes a plate behind the interface of the others, see `GatedStudent`.

    Raises:
        ImportError: it takes a plate, and OpenCV is not installed.
    """
    if not student.student.takes_plate:
        return student
    from acutance.model.memory.gated import GatedStudent

    return GatedStudent(student)
