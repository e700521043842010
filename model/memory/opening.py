"""Opens students that take a plate. A server without OpenCV imports this too."""

from acutance.model.engine.sharpener import Sharpener
from acutance.model.processors import usable_threads


def with_gate(student: Sharpener) -> Sharpener:
    """Return an open student; one that takes a plate behind the interface of the others, see `GatedStudent`.

    Raises:
        ImportError: it takes a plate, and OpenCV is not installed.
    """
    if not student.student.takes_plate:
        return student
    from acutance.model.memory.gated import GatedStudent

    return GatedStudent(student)


def limit_threads(threads: int) -> None:
    """Let OpenCV use as many threads for a frame as an inference does, see `Engine.open`.

    Each of its functions waits for all of its threads. With one on each core, it waits for the cores on which frames
    are encoded: on two busy cores the memory took 14 ms instead of 21.

    Raises:
        ImportError: OpenCV is not installed.
    """
    import cv2

    cv2.setNumThreads(threads or max(1, usable_threads() // 2))
