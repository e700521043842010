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
    """What one frame size needs, made once: host arrays [1, 1, H, W], and a binding to them or to the device."""

    source: Plane
    result: Plane | None  # None where the result lives on the device and is fetched from there
    source_value: ort.OrtValue
    result_value: ort.OrtValue
    binding: ort.IOBinding


class Engine:
    """One student on one provider. ``sharpen`` may be called from any thread, one call runs at a time.

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
        self._input = session.get_inputs()[0].name
        self._output = session.get_outputs()[0].name
        self._buffers: OrderedDict[tuple[int, int], _Buffers] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls, student: str | Path = catalog.DEFAULT, provider: providers.Request = "auto", threads: int = 0
    ) -> Self:
        """Open a student and run one small plane through it.

        Args:
            student: a name of the catalogue or the path of an ONNX file (``luma`` uint8 [N, 1, H, W] in,
                the same shape and type out).
            provider: ``auto`` (CUDA, else CPU), ``tensorrt``, ``cuda`` or ``cpu``. One that does not run
                here gives way to the next; ``note`` says why.
            threads: CPU threads of one inference; 0 for as many as this process may use.

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

    def sharpen(self, luma: Plane, out: Plane | None = None) -> Plane:
        """Return ``luma`` sharpened.

        Args:
            luma: uint8 [H, W], 16x16 to 4096x2304 or upright, odd sizes too, any row stride.
            out: uint8 [H, W] of any row stride to write into, made where it is None.

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
        with self._lock:
            buffers = self._buffers_for(height, width)
            _fill(buffers.source[0, 0], luma)
            out[:] = self._run(buffers)[0, 0, :height, :width]
        return out

    def _run(self, buffers: _Buffers) -> Plane:
        if buffers.result is None:
            buffers.source_value.update_inplace(buffers.source)
        self._session.run_with_iobinding(buffers.binding)
        return buffers.result if buffers.result is not None else buffers.result_value.numpy()

    def _buffers_for(self, height: int, width: int) -> _Buffers:
        # The grid needs whole cells: odd sizes are padded to the next multiple.
        grid = self.student.grid
        size = (-(-height // grid) * grid, -(-width // grid) * grid)
        if size not in self._buffers:
            self._buffers[size] = self._make_buffers((1, 1, *size))
            if len(self._buffers) > _SIZES_KEPT:
                self._buffers.popitem(last=False)
        self._buffers.move_to_end(size)
        return self._buffers[size]

    def _make_buffers(self, shape: tuple[int, int, int, int]) -> _Buffers:
        source = np.zeros(shape, np.uint8)
        if self.provider == "CPU":
            result = np.zeros(shape, np.uint8)
            # On the CPU an OrtValue is a view of the array: nothing is copied to bind it.
            source_value = ort.OrtValue.ortvalue_from_numpy(source)
            result_value = ort.OrtValue.ortvalue_from_numpy(result)
        else:
            result = None
            source_value = ort.OrtValue.ortvalue_from_shape_and_type(shape, np.uint8, "cuda", 0)
            result_value = ort.OrtValue.ortvalue_from_shape_and_type(shape, np.uint8, "cuda", 0)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._input, source_value)
        binding.bind_ortvalue_output(self._output, result_value)
        return _Buffers(source, result, source_value, result_value, binding)


def _session_options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or _usable_cpus()
    options.inter_op_num_threads = 1
    # Threads that spin after a run steal the cores from the encoder beside it.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4  # what fails is said by us, once, in words
    return options


def _usable_cpus() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _check_interface(file: Path, session: ort.InferenceSession) -> None:
    inputs, outputs = session.get_inputs(), session.get_outputs()
    is_student = (
        len(inputs) == len(outputs) == 1
        and all(end.type == "tensor(uint8)" and len(end.shape) == 4 for end in (inputs[0], outputs[0]))
        and inputs[0].shape[1] == 1
        and not any(isinstance(side, int) for side in inputs[0].shape[2:])
    )
    if not is_student:
        raise EngineError(
            f"{file} is not a student: it must take one uint8 plane [N, 1, H, W] of any H and W and give one "
            "of the same size; `acutance-train export` writes such files"
        )


def _fits(height: int, width: int) -> bool:
    return max(height, width) <= LARGEST_SIDES[0] and min(height, width) <= LARGEST_SIDES[1]


def _fill(source: Plane, luma: Plane) -> None:
    """Copy ``luma`` into the top left of ``source`` and repeat its last row and column over the padding."""
    height, width = luma.shape
    source[:height, :width] = luma
    source[:height, width:] = luma[:, -1:]
    source[height:] = source[height - 1]
