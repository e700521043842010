"""Reusable buffers for a batch of frames of one size, in host memory and in the memory of a device."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from acutance.model.engine.device import DEVICE
from acutance.model.hints import Hints, fill
from acutance.model.memory.plate_planes import PlatePlanes, no_plate
from acutance.model.planes import Plane

NO_GRAPH = -1
"""Value of ONNX Runtime's run option ``gpu_graph_id`` for a run without a CUDA graph."""


@dataclass(frozen=True)
class Frame:
    """A frame to sharpen.

    Attributes:
        luma: uint8 [H, W].
        out: uint8 [H, W], receives the result.
        hints: hints of the frame.
        strength: factor of the correction: 0 none, 1 as trained.
        plate: what is remembered, uint8 [H, W] each, for a student that takes a plate; None for a frame without one.
    """

    luma: Plane
    out: Plane
    hints: Hints
    strength: float
    plate: PlatePlanes | None = None


class FrameBuffers(ABC):
    """Buffers in host memory; a subclass computes.

    Frames are copied in and out, because planes of decoders have padded rows, and the plane of hints must follow the
    luma in memory. The copies take a small part of the time. The plane of hints is rewritten only if the hints change.
    """

    def __init__(self, planes: int, shape: tuple[int, int, int]):
        """Make buffers for a batch.

        Args:
            planes: number of input planes of the student.
            shape: number of frames, height and width; the last two are multiples of the grid.
        """
        count, height, width = shape
        # Luma; the plane of hints; the two planes of a plate: see `acutance.model.nets.export.to_onnx`.
        self._hinted, self._remembers = planes % 2 == 0, planes > 2
        self._planes = np.zeros((count, planes, height, width), np.uint8)
        self._strength = np.ones((count, 1, 1, 1), np.float32)
        self._filled: list[Hints | None] = [None] * count
        self._result = np.zeros((count, 1, height, width), np.uint8)

    def sharpen(self, frames: Sequence[Frame]) -> None:
        """Sharpen a full batch of frames; a smaller frame is padded by repeating its last row and column."""
        for index, frame in enumerate(frames):
            _copy(frame.luma, self._planes[index, 0])
            filled = self._filled[index]
            if self._hinted and (filled is None or filled.codes != frame.hints.codes):
                fill(self._planes[index, 1], frame.hints)
                self._filled[index] = frame.hints
            if self._remembers:
                plate = frame.plate or no_plate(frame.luma)
                _copy(plate.plate, self._planes[index, -2])
                _copy(plate.fit, self._planes[index, -1])
            self._strength[index] = frame.strength
        result = self._compute()
        for index, frame in enumerate(frames):
            height, width = frame.luma.shape
            frame.out[:] = result[index, 0, :height, :width]

    @abstractmethod
    def _compute(self) -> Plane:
        """Sharpen `_planes` with `_strength`, and return uint8 [count, 1, height, width]."""


class HostBuffers(FrameBuffers):
    """Buffers for ONNX Runtime's CPU provider."""

    def __init__(self, session: ort.InferenceSession, shape: tuple[int, int, int]):
        """Make buffers for a batch.

        Args:
            session: session of a student.
            shape: number of frames, height and width; the last two are multiples of the grid.
        """
        inputs = session.get_inputs()
        super().__init__(int(inputs[0].shape[1]), shape)
        self._session = session
        self._binding = session.io_binding()
        self._values = [self._value(array) for array in (self._planes, self._strength)]
        for end, value in zip(inputs, self._values, strict=True):
            self._binding.bind_ortvalue_input(end.name, value)
        self._result_value = self._value(self._result)
        self._binding.bind_ortvalue_output(session.get_outputs()[0].name, self._result_value)

    def shrink_arena(self) -> None:
        """Run once, after which ONNX Runtime returns unused memory of its CPU arena to the operating system."""
        options = ort.RunOptions()
        # onnxruntime_run_options_config_keys.h
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._session.run_with_iobinding(self._binding, options)

    def _value(self, array: NDArray[np.uint8] | NDArray[np.float32]) -> ort.OrtValue:
        return ort.OrtValue.ortvalue_from_numpy(array)  # on the CPU it shares the array's memory

    def _compute(self) -> Plane:
        self._session.run_with_iobinding(self._binding)
        return self._result


class DeviceBuffers(HostBuffers):
    """Buffers for a provider with its own memory: the same addresses for every frame, as CUDA graphs require.

    Frames are copied from and to pageable memory on CUDA's default stream, which does not wait for the provider's own
    stream: one batch is copied while another is computed. ONNX Runtime's Python API offers page-locked
    memory to plug-in providers only (``OrtValue.ortvalue_from_shape_and_type``, ``memory_info``).
    """

    def __init__(self, session: ort.InferenceSession, shape: tuple[int, int, int], place: str, graph: int):
        """Make buffers for a batch.

        Args:
            session: session of a student.
            shape: number of frames, height and width.
            place: ONNX Runtime's name of the memory, such as ``cuda``.
            graph: the number of the CUDA graph that is captured for these buffers, or `NO_GRAPH`.
        """
        self._place = place
        with DEVICE.lock.shared():
            super().__init__(session, shape)
        self._once = _with_graph(NO_GRAPH)
        self._replay = _with_graph(graph)
        self._captured = graph == NO_GRAPH

    def _value(self, array: NDArray[np.uint8] | NDArray[np.float32]) -> ort.OrtValue:
        return ort.OrtValue.ortvalue_from_numpy(array, self._place, 0)

    def _compute(self) -> Plane:
        with DEVICE.lock.shared():
            for value, array in zip(self._values, (self._planes, self._strength), strict=True):
                value.update_inplace(array)
        DEVICE.run(self._launch)
        with DEVICE.lock.shared():
            result: Plane = self._result_value.numpy()
        return result

    def _launch(self) -> None:
        if self._captured:
            self._session.run_with_iobinding(self._binding, self._replay)
            return
        with DEVICE.lock.exclusive() as alone:
            # The capturing run first runs without capturing, as often as ONNX Runtime needs to allocate its memory.
            self._session.run_with_iobinding(self._binding, self._replay if alone else self._once)
            self._captured = alone


def _with_graph(number: int) -> ort.RunOptions:
    options = ort.RunOptions()
    options.add_run_config_entry("gpu_graph_id", str(number))
    return options


def _copy(luma: Plane, target: Plane) -> None:
    """Copy ``luma`` into the top left of ``target`` and repeat its last row and column over the padding."""
    height, width = luma.shape
    target[:height, :width] = luma
    target[:height, width:] = luma[:, -1:]
    target[height:] = target[height - 1]
