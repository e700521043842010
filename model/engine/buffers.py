"""Reusable buffers for a batch of frames of one size, in host memory."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort

from acutance.model.engine.gpu.copies import Array, page_aligned
from acutance.model.hints import COUNT, Hints, fill
from acutance.model.memory.plate_planes import PlatePlanes, no_plate
from acutance.model.planes import GREY, Chroma, Plane

type BatchShape = tuple[int, int, int]
"""Number of frames, height and width; the last two are multiples of the grid."""


@dataclass(frozen=True)
class Frame:
    """A frame to sharpen.

    Attributes:
        luma: uint8 [H, W].
        out: uint8 [H, W], receives the result.
        hints: hints of the frame.
        strength: factor of the correction: 0 none, 1 as trained.
        plate: what is remembered, uint8 [H, W] each, for a student that takes a plate; None for a frame without one.
        chroma: U and V, corrected in place by a student with colour; None for a grey frame.
    """

    luma: Plane
    out: Plane
    hints: Hints
    strength: float
    plate: PlatePlanes | None = None
    chroma: Chroma | None = None


@dataclass(frozen=True)
class InputLayout:
    """What a student takes, see `acutance.model.nets.export.to_onnx`.

    Attributes:
        planes: number of planes: luma; a plane of hints, unless they are bytes; the two planes of a plate; chroma.
        hint_bytes: whether hints are an input of four bytes, from which the graph makes the plane.
        colour: whether the last plane is chroma, and the output has chroma too.
    """

    planes: int
    hint_bytes: bool = False
    colour: bool = False

    @property
    def hint_plane(self) -> bool:
        """Whether the second plane has hints."""
        return (self.planes - self.colour) % 2 == 0

    @property
    def remembers(self) -> bool:
        """Whether the last two planes are a plate and its fit."""
        return self.planes - self.colour > 2

    @classmethod
    def of(cls, session: ort.InferenceSession) -> "InputLayout":
        """Return the layout of an open student."""
        inputs = session.get_inputs()
        return cls(int(inputs[0].shape[1]), hint_bytes=len(inputs) > 2, colour=session.get_outputs()[0].shape[2] == 3)


class FrameBuffers(ABC):
    """Buffers in host memory; a subclass computes.

    Frames are copied in and out, because planes of decoders have padded rows, and the plane of hints must follow the
    luma in memory. The copies take a small part of the time. Hints are rewritten only if they change.

    Attributes:
        size: memory of the host arrays in bytes.
    """

    def __init__(self, layout: InputLayout, shape: BatchShape):
        """Make buffers for a batch of a student with this layout."""
        count, height, width = shape
        self._layout = layout
        self._planes = page_aligned((count, layout.planes, height, width), np.uint8)
        self._hints = page_aligned((count, COUNT, 1, 1), np.uint8)
        self._strength = page_aligned((count, 1, 1, 1), np.float32)
        self._filled: list[Hints | None] = [None] * count
        result = (height // 2, 3, width) if layout.colour else (1, height, width)
        self._result = page_aligned((count, *result), np.uint8)
        self.size = self._planes.nbytes + self._result.nbytes

    @property
    def _inputs(self) -> list[Array]:
        """The input arrays in the order of the graph's inputs."""
        return [self._planes, *([self._hints] if self._layout.hint_bytes else []), self._strength]

    def sharpen(self, frames: Sequence[Frame]) -> None:
        """Sharpen a full batch of frames; a smaller frame is padded by repeating its last row and column."""
        for index, frame in enumerate(frames):
            _copy(frame.luma, self._planes[index, 0])
            self._fill_hints(index, frame.hints)
            if self._layout.remembers:
                plate = frame.plate or no_plate(frame.luma)
                _copy(plate.plate, self._planes[index, -2])
                _copy(plate.fit, self._planes[index, -1])
            if self._layout.colour:
                _fill_chroma(frame.chroma, self._planes[index, -1])
            self._strength[index] = frame.strength
        result = self._compute()
        for index, frame in enumerate(frames):
            height, width = frame.luma.shape
            if self._layout.colour:
                _take_colour(result[index], frame)
            else:
                frame.out[:] = result[index, 0, :height, :width]

    def close(self) -> None:  # noqa: B027  # most buffers need nothing
        """Release what does not end with the object; it is not used afterwards."""

    def _fill_hints(self, index: int, hints: Hints) -> None:
        filled = self._filled[index]
        if filled is not None and filled.codes == hints.codes:
            return
        if self._layout.hint_bytes:
            self._hints[index, :, 0, 0] = hints.codes
        elif self._layout.hint_plane:
            fill(self._planes[index, 1], hints)
        self._filled[index] = hints

    @abstractmethod
    def _compute(self) -> Plane:
        """Sharpen `_planes` with `_hints` and `_strength`, and return uint8 [count, 1, height, width].

        A student with colour returns [count, height / 2, 3, width]: two rows of luma, and a row of U and V.
        """


class HostBuffers(FrameBuffers):
    """Buffers for ONNX Runtime's CPU provider."""

    def __init__(self, session: ort.InferenceSession, shape: BatchShape):
        """Make buffers for a batch of an open student."""
        super().__init__(InputLayout.of(session), shape)
        self._session = session
        self._binding = session.io_binding()
        self._values = [self._value(array) for array in self._inputs]
        for end, value in zip(session.get_inputs(), self._values, strict=True):
            self._binding.bind_ortvalue_input(end.name, value)
        self._result_value = self._value(self._result)
        self._binding.bind_ortvalue_output(session.get_outputs()[0].name, self._result_value)

    def shrink_arena(self) -> None:
        """Run once, after which ONNX Runtime returns unused memory of its CPU arena to the operating system."""
        options = ort.RunOptions()
        # onnxruntime_run_options_config_keys.h
        options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
        self._session.run_with_iobinding(self._binding, options)

    def _value(self, array: Array) -> ort.OrtValue:
        return ort.OrtValue.ortvalue_from_numpy(array)  # on the CPU it shares the array's memory

    def _compute(self) -> Plane:
        self._session.run_with_iobinding(self._binding)
        return self._result


def _copy(luma: Plane, target: Plane) -> None:
    """Copy ``luma`` into the top left of ``target`` and repeat its last row and column over the padding."""
    height, width = luma.shape
    target[:height, :width] = luma
    target[:height, width:] = luma[:, -1:]
    target[height:] = target[height - 1]


def _fill_chroma(chroma: Chroma | None, target: Plane) -> None:
    """Write U and V side by side, each row twice, into ``target``, uint8 [H, W]; see `acutance.model.nets.half_grid`.

    numpy computes pairs of bytes as 16-bit numbers much faster than it writes every second byte.
    """
    if chroma is None:
        target[:] = GREY
        return
    pairs = target.view(np.dtype("<u2"))
    once = pairs[::2]
    np.left_shift(chroma.v, 8, out=once, dtype=np.uint16)
    np.bitwise_or(once, chroma.u, out=once)
    pairs[1::2] = once


def _take_colour(result: Plane, frame: Frame) -> None:
    """Write ``result``, uint8 [H / 2, 3, W], into the luma and chroma of a frame."""
    height, width = frame.luma.shape
    frame.out[::2] = result[:, 0, :width]
    frame.out[1::2] = result[: height // 2, 1, :width]
    if frame.chroma is not None:
        pairs = result[:, 2].view(np.dtype("<u2"))
        np.bitwise_and(pairs, 255, out=frame.chroma.u, casting="unsafe")
        np.right_shift(pairs, 8, out=frame.chroma.v, casting="unsafe")
