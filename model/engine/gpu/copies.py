"""Copies between host buffers and device buffers: from page-locked memory where CUDA's runtime is reachable."""

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from acutance.model.engine.gpu.cudart import TO_DEVICE, TO_HOST, Cudart, CudartError

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
    """Copies from and to page-locked arrays on a stream of their own; other threads run meanwhile."""

    def __init__(self, cudart: Cudart, arrays: Sequence[Array]):
        """Lock the arrays in memory.

        Args:
            cudart: CUDA's runtime.
            arrays: contiguous host arrays: all that are copied later.

        Raises:
            CudartError: they cannot be locked; none is then.
        """
        self._cudart = cudart
        self._locked: list[int] = []
        self._stream: int | None = None
        try:
            for array in arrays:
                cudart.register(array.ctypes.data, array.nbytes)
                self._locked.append(array.ctypes.data)
            self._stream = cudart.new_stream()
        except CudartError:
            self.close()
            raise

    def upload(self, pairs: Sequence[tuple[ort.OrtValue, Array]]) -> None:
        """Copy host arrays into device buffers, and wait.

        Raises:
            CudartError: the device has failed.
        """
        for value, array in pairs:
            self._copy(value.data_ptr(), array.ctypes.data, array.nbytes, TO_DEVICE)
        self._wait()

    def download(self, value: ort.OrtValue, into: Array) -> Array:
        """Copy a device buffer into ``into``, and wait.

        Raises:
            CudartError: the device has failed.
        """
        self._copy(into.ctypes.data, value.data_ptr(), into.nbytes, TO_HOST)
        self._wait()
        return into

    def close(self) -> None:
        """Unlock the arrays and destroy the stream; errors of a device that has failed are ignored."""
        if self._stream is not None:
            _quietly(self._cudart.wait, self._stream)
            _quietly(self._cudart.destroy_stream, self._stream)
            self._stream = None
        for address in self._locked:
            _quietly(self._cudart.unregister, address)
        self._locked.clear()

    def _copy(self, target: int, source: int, size: int, kind: int) -> None:
        self._cudart.copy(target, source, size, kind, self._stream or 0)

    def _wait(self) -> None:
        self._cudart.wait(self._stream or 0)


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
