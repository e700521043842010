"""Engine: a luma plane in, a sharper luma plane of the same size out."""

import os
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from model import catalog, providers
from model.hints import UNCODED, Hints, fill

Plane = NDArray[np.uint8]

SMALLEST = 16
LARGEST_SIDES = (4096, 2304)
# Buffers are kept for the sizes used last: a call has one or two, a sender that adapts a few more.
_SIZES_KEPT = 4


class EngineError(RuntimeError):
    """A student that cannot be opened; the message says which, why, and what to do."""


class UnsupportedSizeError(ValueError):
    """A plane outside 16x16 to 4096x2304 (either way up)."""


@dataclass
class _Buffers:
    """What one frame size needs, made once: host arrays [1, planes, H, W], and a binding to them or to the device."""

    source: Plane
    strength: NDArray[np.float32]
    hints: Hints | None  # what the second plane of `source` says; None: nothing yet
    result: Plane | None  # None where the result lives on the device and is fetched from there
    source_value: ort.OrtValue
    strength_value: ort.OrtValue
    result_value: ort.OrtValue
    binding: ort.IOBinding


class Engine:
    """One student on one provider. ``sharpen`` may be called from several threads at once.

    Attributes:
        student: the student that it runs.
        provider: ``TensorRT``, ``CUDA`` or ``CPU``.
        note: why no better provider runs, in one sentence; None where the best one does.
    """

    def __init__(self, student: catalog.Student, session: ort.InferenceSession, provider: str, note: str | None):
        self.student = student
        self.provider = provider
        self.note = note
        self._session = session
        self._planes = int(session.get_inputs()[0].shape[1])
        self._inputs = [end.name for end in session.get_inputs()]
        self._output = session.get_outputs()[0].name
        # Those that no call is using, by size; each call has its own.
        self._idle: OrderedDict[tuple[int, int], list[_Buffers]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls, student: str | Path = catalog.DEFAULT, provider: providers.Request = "auto", threads: int = 0
    ) -> Self:
        """Open a student and run one small plane through it.

        Args:
            student: a name of the catalogue or the path of an ONNX file, see `model.export.to_onnx`.
            provider: ``auto`` (CUDA, else CPU), ``tensorrt``, ``cuda`` or ``cpu``. One that does not run
                here gives way to the next; ``note`` says why.
            threads: CPU threads of one inference; 0 for half of those that this process may use: the others
                decode and encode, and a thread that they hold up holds up all that wait for it.

        Raises:
            EngineError: no such student, or its file is not a model of that interface.
        """
        try:
            found = catalog.find(student)
            session, name, note = providers.open_session(found.file, provider, _session_options(threads))
        except (catalog.UnknownStudentError, providers.ProviderError) as error:
            raise EngineError(f"cannot open the student: {error}") from error
        _check_interface(found.file, session)
        engine = cls(found, session, name, note)
        engine.sharpen(np.zeros((SMALLEST, SMALLEST), np.uint8))
        return engine

    def sharpen(self, luma: Plane, out: Plane | None = None, hints: Hints = UNCODED, strength: float = 1.0) -> Plane:
        """Return ``luma`` sharpened.

        Args:
            luma: uint8 [H, W], 16x16 to 4096x2304 or upright, odd sizes too, any row stride.
            out: uint8 [H, W] of any row stride to write into, made where it is None.
            hints: what is known of the picture; a student that takes none ignores it.
            strength: how much of the correction is added: 0 nothing, 1 as trained.

        Raises:
            UnsupportedSizeError: the plane is too small or too large.
        """
        height, width = luma.shape
        if min(height, width) < SMALLEST or not _fits(height, width):
            raise UnsupportedSizeError(
                f"a picture of {width}x{height} is outside {SMALLEST}x{SMALLEST} to "
                f"{LARGEST_SIDES[0]}x{LARGEST_SIDES[1]}"
            )
        if out is None:
            out = np.empty_like(luma, order="C")
        # The grid needs whole cells: odd sizes are padded to the next multiple.
        grid = self.student.grid
        size = (-(-height // grid) * grid, -(-width // grid) * grid)
        buffers = self._take(size)
        _fill(buffers.source[0, 0], luma)
        self._tell(buffers, hints)
        buffers.strength[:] = strength
        out[:] = self._run(buffers)[0, 0, :height, :width]
        self._give_back(size, buffers)
        return out

    def _tell(self, buffers: _Buffers, hints: Hints) -> None:
        # The plane stays as it is until the hints change.
        if self._planes > 1 and (buffers.hints is None or buffers.hints.codes != hints.codes):
            fill(buffers.source[0, 1], hints)
            buffers.hints = hints

    def _run(self, buffers: _Buffers) -> Plane:
        if buffers.result is None:
            buffers.source_value.update_inplace(buffers.source)
            buffers.strength_value.update_inplace(buffers.strength)
        self._session.run_with_iobinding(buffers.binding)
        return buffers.result if buffers.result is not None else buffers.result_value.numpy()

    def _take(self, size: tuple[int, int]) -> _Buffers:
        with self._lock:
            idle = self._idle.get(size)
            if idle:
                return idle.pop()
        return self._make_buffers(*size)

    def _give_back(self, size: tuple[int, int], buffers: _Buffers) -> None:
        # Those of a run that failed are not given back: nobody knows what they hold.
        with self._lock:
            self._idle.setdefault(size, []).append(buffers)
            self._idle.move_to_end(size)
            if len(self._idle) > _SIZES_KEPT:
                self._idle.popitem(last=False)

    def _make_buffers(self, height: int, width: int) -> _Buffers:
        source = np.zeros((1, self._planes, height, width), np.uint8)
        strength = np.ones((1, 1, 1, 1), np.float32)
        result = None
        if self.provider == "CPU":
            result = np.zeros((1, 1, height, width), np.uint8)
            # On the CPU an OrtValue is a view of the array: nothing is copied to bind it.
            planes, scale, sharpened = (ort.OrtValue.ortvalue_from_numpy(array) for array in (source, strength, result))
        else:
            planes, scale = (ort.OrtValue.ortvalue_from_numpy(array, "cuda", 0) for array in (source, strength))
            sharpened = ort.OrtValue.ortvalue_from_shape_and_type((1, 1, height, width), np.uint8, "cuda", 0)
        binding = self._session.io_binding()
        for name, value in zip(self._inputs, (planes, scale), strict=True):
            binding.bind_ortvalue_input(name, value)
        binding.bind_ortvalue_output(self._output, sharpened)
        return _Buffers(source, strength, None, result, planes, scale, sharpened, binding)


def _session_options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or max(1, usable_cpus() // 2)
    options.inter_op_num_threads = 1
    # Threads that spin after a run steal the cores from the encoder beside it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what fails is said by us, once, in words
    return options


def usable_cpus() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_interface(file: Path, session: ort.InferenceSession) -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    is_student = (
        [end.type for end in inputs] == ["tensor(uint8)", "tensor(float)"]
        and [end.type for end in outputs] == ["tensor(uint8)"]
        and all(len(end.shape) == 4 for end in (*inputs, *outputs))
        and inputs[0].shape[1] in (1, 2)
        and not any(isinstance(side, int) for side in inputs[0].shape[2:])
    )
    if not is_student:
        raise EngineError(
            f"{file} is not a student: it must take uint8 planes [N, 1 or 2, H, W] of any H and W and a strength, "
            "and give one plane of that size; `acutance-train export` writes such files"
        )


def _fits(height: int, width: int) -> bool:
    return max(height, width) <= LARGEST_SIDES[0] and min(height, width) <= LARGEST_SIDES[1]


def _fill(source: Plane, luma: Plane) -> None:
    """Copy ``luma`` into the top left of ``source`` and repeat its last row and column over the padding."""
    height, width = luma.shape
    source[:height, :width] = luma
    source[:height, width:] = luma[:, -1:]
    source[height:] = source[height - 1]
