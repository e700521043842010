"""Shares the GPU among all students of this process: one launching thread, and exclusive capture of CUDA graphs.

ONNX Runtime captures a CUDA graph in a mode that forbids certain calls in *every* thread of the process, such as copies
and allocations (cudaStreamCaptureModeGlobal, in its core/providers/cuda/cuda_graph.cc, which says that capture
"can only work with a single thread"), and keeps the captured graph for that thread (CUDAExecutionProvider's
PerThreadContext, microsoft/onnxruntime#19636). So one thread launches everything, and a graph is captured only while no
thread copies or opens a session.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


class SharedLock:
    """A lock that any number of threads hold shared, or one thread holds exclusively."""

    def __init__(self) -> None:
        self._holders = 0
        self._exclusive = False
        self._changed = threading.Condition()

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it shared; wait while a thread holds it exclusively, which takes milliseconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._exclusive)
            self._holders += 1
        try:
            yield
        finally:
            with self._changed:
                self._holders -= 1

    @contextmanager
    def exclusive(self) -> Iterator[bool]:
        """Hold it exclusively and yield True; if another thread holds it, yield False at once, without holding it."""
        with self._changed:
            free = self._holders == 0 and not self._exclusive
            self._exclusive = self._exclusive or free
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._exclusive = False
                    self._changed.notify_all()


class Device:
    """The GPU as this process uses it.

    Attributes:
        lock: held shared while copying or opening a session, exclusively while capturing a graph.
    """

    def __init__(self) -> None:
        self.lock = SharedLock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device")

    def run[T](self, call: Callable[[], T]) -> T:
        """Run a call in the device's thread and return its result."""
        return self._thread.submit(call).result()


DEVICE = Device()
