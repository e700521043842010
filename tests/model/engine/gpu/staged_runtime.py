"""A stand-in of CUDA's runtime library: host and device memory are one."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from acutance.model.engine.gpu import cudart


@dataclass
class Function:
    """A function of the stand-in; ctypes sets the two attributes."""

    call: Callable[..., int]
    argtypes: tuple[Any, ...] = ()
    restype: Any = None

    def __call__(self, *arguments: int) -> int:
        return self.call(*arguments)


@dataclass
class Runtime:
    """A stand-in of CUDA's runtime: host and device memory are one; copies are done when they are waited for."""

    locked: dict[int, int] = field(default_factory=dict)
    pending: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict)
    error: int = 0
    most_locked: int = 1 << 30

    def __getattr__(self, name: str) -> Function:
        return Function(getattr(self, f"_{name}"))

    def _cudaHostRegister(self, address: int, size: int, flags: int) -> int:  # noqa: N802
        if address in self.locked or sum(self.locked.values()) + size > self.most_locked:
            return 712 if address in self.locked else 2
        self.locked[address] = size
        return self.error

    def _cudaHostUnregister(self, address: int) -> int:  # noqa: N802
        return 0 if self.locked.pop(address, None) else 713

    def _cudaStreamCreateWithFlags(self, address: int, flags: int) -> int:  # noqa: N802
        assert flags == 1, "it must not wait for the default stream"
        stream = len(self.pending) + 1
        self.pending[stream] = []
        ctypes.c_void_p.from_address(address).value = stream
        return self.error

    def _cudaStreamDestroy(self, stream: int) -> int:  # noqa: N802
        del self.pending[stream]
        return self.error

    def _cudaMemGetInfo(self, free: int, total: int) -> int:  # noqa: N802
        ctypes.c_size_t.from_address(free).value = self.most_locked - sum(self.locked.values())
        return self.error

    def _cudaMemcpyAsync(self, target: int, source: int, size: int, kind: int, stream: int) -> int:  # noqa: N802
        host = source if kind == cudart.TO_DEVICE else target
        assert any(start <= host < start + length for start, length in self.locked.items()), "it is not locked"
        self.pending[stream].append((target, source, size))
        return self.error

    def _cudaMemcpy2DAsync(  # noqa: N802
        self, target: int, target_pitch: int, source: int, pitch: int, width: int, rows: int, kind: int, stream: int
    ) -> int:
        assert kind == cudart.ON_DEVICE
        self.pending[stream] += [(target + row * target_pitch, source + row * pitch, width) for row in range(rows)]
        return self.error

    def _cudaStreamSynchronize(self, stream: int) -> int:  # noqa: N802
        for copy in self.pending[stream]:
            ctypes.memmove(*copy)
        self.pending[stream].clear()
        return self.error
