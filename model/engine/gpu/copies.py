"""Copies between host buffers and device buffers: from page-locked memory where CUDA's runtime is reachable."""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from acutance.model.engine.gpu.cudart import TO_DEVICE, TO_HOST, Cudart, CudartError
from acutance.model.engine.gpu.device import DEVICE

log = logging.getLogger(__name__)

type Array = NDArray[Any]


class Copies(Protocol):
    """Copies of one set of buffers. Calls are made while the gate of the device is held shared."""

    def upload(self, pairs: Sequence[tuple[ort.OrtValue, Array]]) -> None:
        """Copy host arrays into device buffers of their sizes, and wait."""

    def download(self, value: ort.OrtValue, into: Array) -> Array:
        """Return what is in a device buffer: ``into``, or another array of its shape."""

    def close(self) -> None:
        """Release what is locked."""


class PageableCopies:
    """Copies through ONNX Runtime's Python API, which holds the interpreter lock for the whole copy."""

    def upload(self, pairs: Sequence[tuple[ort.OrtValue, Array]]) -> None:
        """Copy host arrays into device buffers."""
        for value, array in pairs:
            value.update_inplace(array)

    def download(self, value: ort.OrtValue, into: Array) -> Array:
        """Return a new array with the contents of the device buffer."""
        array: Array = value.numpy()
        return array

    def close(self) -> None:
        """Nothing is locked."""


class PinnedCopies:
    """Copies from and to page-locked arrays on a stream of their own; other threads run meanwhile.

    The arrays are unlocked by `close`, or after the object in the thread of the device, which captures nothing then.
    """

    def __init__(self, cudart: Cudart, arrays: Sequence[Array]):
        """Lock the arrays in memory.

        Args:
            cudart: CUDA's runtime.
            arrays: contiguous host arrays: all that are copied later.

        Raises:
            CudartError: they cannot be locked; none is then.
        """
        self._cudart = cudart
        self._locked = _Locked(cudart, arrays)

    def __del__(self) -> None:
        # Missing if the arrays could not be locked.
        if (locked := getattr(self, "_locked", None)) is not None:
            DEVICE.discard(locked, locked.close)

    def upload(self, pairs: Sequence[tuple[ort.OrtValue, Array]]) -> None:
        """Copy host arrays into device buffers, and wait.

        Raises:
            CudartError: the device has failed.
        """
        stream = self._locked.stream
        for value, array in pairs:
            self._cudart.copy(value.data_ptr(), array.ctypes.data, array.nbytes, TO_DEVICE, stream)
        self._cudart.wait(stream)

    def download(self, value: ort.OrtValue, into: Array) -> Array:
        """Copy a device buffer into ``into``, and wait.

        Raises:
            CudartError: the device has failed.
        """
        stream = self._locked.stream
        self._cudart.copy(into.ctypes.data, value.data_ptr(), into.nbytes, TO_HOST, stream)
        self._cudart.wait(stream)
        return into

    def close(self) -> None:
        """Unlock the arrays and destroy the stream; errors of a device that has failed are ignored."""
        self._locked.close()


class _Locked:
    """Page-locked arrays and the stream of their copies, until `close`."""

    def __init__(self, cudart: Cudart, arrays: Sequence[Array]):
        self._cudart = cudart
        self._arrays: list[Array] = []  # kept: memory that is freed while it is locked could not be locked again
        self.stream = 0
        try:
            for array in arrays:
                cudart.register(array.ctypes.data, array.nbytes)
                self._arrays.append(array)
            self.stream = cudart.new_stream()
        except CudartError:
            self.close()
            raise

    def close(self) -> None:
        if self.stream:
            _quietly(self._cudart.wait, self.stream)
            _quietly(self._cudart.destroy_stream, self.stream)
            self.stream = 0
        for array in self._arrays:
            _quietly(self._cudart.unregister, array.ctypes.data)
        self._arrays.clear()


def page_aligned(shape: Sequence[int], element: type[np.generic]) -> Array:
    """Return an array of zeros on pages of its own: memory is locked by whole pages, each at most once."""
    page = 4096
    size = int(np.prod(shape)) * np.dtype(element).itemsize
    raw = np.zeros(-(-size // page) * page + page, np.uint8)
    start = -raw.ctypes.data % page
    return raw[start : start + size].view(element).reshape(shape)


def copies_for(cudart: Cudart | None, arrays: Sequence[Array]) -> Copies:
    """Return copies with locked arrays, or pageable ones if there is no runtime or no memory can be locked."""
    if cudart is None:
        return PageableCopies()
    try:
        return PinnedCopies(cudart, arrays)
    except CudartError as error:
        log.info("copies are pageable: %s", error)
        return PageableCopies()


def _quietly(call: Any, address: int) -> None:
    try:
        call(address)
    except CudartError as error:
        log.debug("%s", error)
