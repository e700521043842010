"""What is checked: a GPU, or a staged device in tests; and how much of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import onnxruntime as ort

from acutance.model.engine import catalog, providers
from acutance.model.engine.engine import Engine
from acutance.model.engine.gpu import cudart
from acutance.model.engine.gpu.device import DEVICE
from acutance.model.planes import Size

RUNGS = ("CUDA", "CUDA fp32")


@dataclass(frozen=True)
class Target:
    """How the check reaches the device.

    Attributes:
        open: opens a student, by name or file, on a rung of `RUNGS`, with CUDA graphs or without.
        session: opens the file of a student on a rung, without CUDA graphs; on a GPU with nothing left to the CPU.
        reference: opens a student on the CPU.
        runtime: CUDA's runtime library, if it is loaded.
        place: ONNX Runtime's name of the device's memory.
    """

    open: Callable[[str | Path, str, bool], Engine]
    session: Callable[[Path, str], ort.InferenceSession]
    reference: Callable[[str | Path], Engine]
    runtime: Callable[[], cudart.Cudart | None]
    place: str = "cuda"


def _students() -> list[str]:
    first = catalog.LADDER[0]
    return [first, *(name for name in catalog.shipped() if name != first)]


@dataclass(frozen=True)
class Extent:
    """How much is checked.

    Attributes:
        students: names of students, the first one for everything that takes long.
        sizes: width and height of frames, ascending.
        large: sizes that only the first student is compared at, because the CPU takes seconds for a frame.
        batches: numbers of frames in a batch.
        threads: threads that load the device at the same time.
        load_s: seconds of load.
        repeats: number of timed runs.
        sessions: numbers of sessions of the round trips.
        sessions_s: seconds of each round trip.
    """

    students: Sequence[str] = field(default_factory=_students)
    sizes: Sequence[Size] = ((16, 16), (641, 361), (1280, 720))
    large: Sequence[Size] = ((1920, 1080), (3840, 2160))
    batches: Sequence[int] = (1, 2, 4, 8)
    threads: int = 16
    load_s: float = 60.0
    repeats: int = 50
    sessions: Sequence[int] = (1, 4, 8)
    sessions_s: int = 20


SHORT = Extent(students=("small",), sizes=((16, 16), (641, 361)), large=())
"""What `acutance doctor` checks."""


def gpu() -> Target:
    """Return the GPU of this host."""
    return Target(
        open=lambda student, name, graphs: Engine.open_on(student, name, 0, graphs=graphs),
        session=_strict,
        reference=lambda student: Engine.open_on(student, "CPU", 0),
        runtime=cudart.loaded,
    )


def _strict(model: Path, name: str) -> ort.InferenceSession:
    options = ort.SessionOptions()
    # onnxruntime_session_options_config_keys.h: a node that CUDA does not take is an error, not slow.
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    with DEVICE.lock.shared(long=True):
        return providers.open_alone(model, name, options)
