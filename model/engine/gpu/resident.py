"""Frames that stay on the device: luma is copied from a decoder's frame to the student and on to an encoder's frame.

Nothing of a frame passes through host memory but its four bytes of hints and its strength.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime as ort

from acutance.model.engine.buffers import InputLayout
from acutance.model.engine.gpu.copies import PinnedCopies, page_aligned
from acutance.model.engine.gpu.cudart import Cudart
from acutance.model.engine.gpu.device import DEVICE
from acutance.model.hints import COUNT, Hints
from acutance.model.planes import Size


@dataclass(frozen=True)
class DevicePlane:
    """A plane of bytes in the memory of the device; whoever makes it keeps the memory alive.

    Attributes:
        address: of its first row.
        pitch: bytes from one row to the next.
        size: width and height in bytes and rows.
    """

    address: int
    pitch: int
    size: Size


class ResidentStudent:
    """A student for frames of one size on the device, one at a time."""

    def __init__(self, session: ort.InferenceSession, size: Size, runtime: Cudart, place: str = "cuda"):
        """Make its buffers.

        Args:
            session: a student in half precision without a plate and colour.
            size: width and height, both even.
            runtime: CUDA's runtime.
            place: ONNX Runtime's name of the device's memory.

        Raises:
            CudartError: no memory can be locked.
            ValueError: the student takes a plane of hints, a plate or chroma, or the size is odd.
        """
        layout = InputLayout.of(session)
        width, height = size
        if layout.planes != 1 or layout.colour or width % 2 or height % 2:
            raise ValueError(
                "frames on the device need a student in half precision without a plate and colour, and an even size"
            )
        self._session, self._runtime, self._size = session, runtime, size
        self._hints = page_aligned((1, COUNT, 1, 1), np.uint8)
        self._strength = page_aligned((1, 1, 1, 1), np.float32)
        self._small = [*([self._hints] if layout.hint_bytes else []), self._strength]
        self._binding = session.io_binding()
        with DEVICE.lock.shared():
            luma = ort.OrtValue.ortvalue_from_numpy(np.zeros((1, 1, height, width), np.uint8), place, 0)
            self._inputs = [luma, *(ort.OrtValue.ortvalue_from_numpy(array, place, 0) for array in self._small)]
            self._result = ort.OrtValue.ortvalue_from_numpy(np.zeros((1, 1, height, width), np.uint8), place, 0)
            self._copies = PinnedCopies(runtime, self._small)
            self._stream = runtime.new_stream()
        for end, value in zip(session.get_inputs(), self._inputs, strict=True):
            self._binding.bind_ortvalue_input(end.name, value)
        self._binding.bind_ortvalue_output(session.get_outputs()[0].name, self._result)

    def sharpen(self, luma: DevicePlane, out: DevicePlane, hints: Hints, strength: float = 1.0) -> None:
        """Sharpen a plane into another one, and wait.

        Args:
            luma: the plane, of the size of this object.
            out: receives the result.
            hints: hints of the frame.
            strength: factor of the correction.

        Raises:
            CudartError: the device has failed.
            Exception: an error of ONNX Runtime.
        """
        self._hints[0, :, 0, 0] = hints.codes
        self._strength[:] = strength
        width, _ = self._size
        with DEVICE.lock.shared():
            self._copies.upload(list(zip(self._inputs[1:], self._small, strict=True)))
            self._rows(DevicePlane(self._inputs[0].data_ptr(), width, self._size), luma)
        DEVICE.run(lambda: self._session.run_with_iobinding(self._binding))
        with DEVICE.lock.shared():
            self._rows(out, DevicePlane(self._result.data_ptr(), width, self._size))

    def copy(self, pairs: Sequence[tuple[DevicePlane, DevicePlane]]) -> None:
        """Copy planes on the device, target first, and wait.

        Raises:
            CudartError: the device has failed.
        """
        with DEVICE.lock.shared():
            for target, source in pairs:
                self._rows(target, source)

    def close(self) -> None:
        """Release the stream and unlock host memory; it is not used afterwards."""
        with DEVICE.lock.shared():
            self._runtime.destroy_stream(self._stream)
            self._copies.close()

    def _rows(self, target: DevicePlane, source: DevicePlane) -> None:
        self._runtime.copy_rows(target.address, target.pitch, source.address, source.pitch, source.size, self._stream)
        self._runtime.wait(self._stream)
