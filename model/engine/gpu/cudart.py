"""CUDA's runtime library by ctypes: page-locked host memory, and copies that do not hold Python's interpreter lock.

ONNX Runtime's Python API copies with the interpreter lock held and from pageable memory, so each copy stops all other
threads, the event loop included. A call by ctypes releases that lock. Only what is needed for copies is here; the
library is the one that ONNX Runtime has loaded, see `acutance.model.engine.providers`.
"""

import ctypes
import os
import sys
from typing import Any

_NAMES = ("libcudart.so.13", "libcudart.so.12")
# driver_types.h, cuda_runtime_api.h
TO_DEVICE, TO_HOST, ON_DEVICE = 1, 2, 3
_NON_BLOCKING = 1
# The functions that are used, with the types of their arguments; each returns a cudaError_t.
SIGNATURES: dict[str, tuple[type, ...]] = {
    "cudaHostRegister": (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint),
    "cudaHostUnregister": (ctypes.c_void_p,),
    "cudaStreamCreateWithFlags": (ctypes.c_void_p, ctypes.c_uint),
    "cudaStreamDestroy": (ctypes.c_void_p,),
    "cudaStreamSynchronize": (ctypes.c_void_p,),
    "cudaMemcpy2DAsync": (
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
        ctypes.c_size_t,
        ctypes.c_int,
        ctypes.c_void_p,
    ),
    "cudaMemGetInfo": (ctypes.c_void_p, ctypes.c_void_p),
    "cudaMemcpyAsync": (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_void_p),
}


class CudartError(RuntimeError):
    """A call of CUDA's runtime failed; the message has the number of the error."""


class Cudart:
    """The calls that copies need. Addresses are integers; every method may be called from any thread."""

    def __init__(self, library: Any):
        """Bind the functions.

        Args:
            library: what `loaded` returns, or a stand-in.

        Raises:
            AttributeError: the library lacks one of them.
        """
        self._functions = {name: getattr(library, name) for name in SIGNATURES}
        for name, function in self._functions.items():
            function.argtypes, function.restype = SIGNATURES[name], ctypes.c_int

    def register(self, address: int, size: int) -> None:
        """Lock ``size`` bytes of host memory, so that the device copies them by itself.

        Raises:
            CudartError: too much memory is locked already, or there is no device.
        """
        self._call("cudaHostRegister", address, size, 0)

    def unregister(self, address: int) -> None:
        """Unlock host memory.

        Raises:
            CudartError: it is not locked.
        """
        self._call("cudaHostUnregister", address)

    def new_stream(self) -> int:
        """Return a new stream that does not wait for the default stream.

        Raises:
            CudartError: there is no device, or no memory.
        """
        stream = ctypes.c_void_p()
        self._call("cudaStreamCreateWithFlags", ctypes.addressof(stream), _NON_BLOCKING)
        return stream.value or 0

    def destroy_stream(self, stream: int) -> None:
        """Destroy a stream when its copies have ended.

        Raises:
            CudartError: the device has failed.
        """
        self._call("cudaStreamDestroy", stream)

    def copy(self, target: int, source: int, size: int, kind: int, stream: int) -> None:
        """Begin a copy of ``size`` bytes; ``kind`` is `TO_DEVICE` or `TO_HOST`.

        Raises:
            CudartError: the device has failed.
        """
        self._call("cudaMemcpyAsync", target, source, size, kind, stream)

    def copy_rows(
        self, target: int, target_pitch: int, source: int, pitch: int, rows: tuple[int, int], stream: int
    ) -> None:
        """Begin a copy of rows from one place of the device to another.

        Args:
            target: address of the first row.
            target_pitch: bytes from one row to the next.
            source: address of the first row.
            pitch: bytes from one row to the next.
            rows: bytes of a row, and number of rows.
            stream: of the copy.

        Raises:
            CudartError: the device has failed.
        """
        self._call("cudaMemcpy2DAsync", target, target_pitch, source, pitch, *rows, ON_DEVICE, stream)

    def wait(self, stream: int) -> None:
        """Wait for the copies of a stream; other threads of Python run meanwhile.

        Raises:
            CudartError: the device has failed.
        """
        self._call("cudaStreamSynchronize", stream)

    def free_memory(self) -> int:
        """Return the free memory of the device in bytes.

        Raises:
            CudartError: there is no device, or it has failed.
        """
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("cudaMemGetInfo", ctypes.addressof(free), ctypes.addressof(total))
        return free.value

    def _call(self, name: str, *arguments: int) -> None:
        code = self._functions[name](*arguments)
        if code:
            raise CudartError(f"CUDA failure {code} in {name}")


def loaded() -> Cudart | None:
    """Return the library that this process has loaded already; None if it has loaded none, or another version."""
    if sys.platform != "linux":
        return None
    for name in _NAMES:
        try:
            return Cudart(ctypes.CDLL(name, mode=os.RTLD_NOLOAD | os.RTLD_NOW))
        except (OSError, AttributeError):
            continue
    return None
