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


class Gate:
    """A shared lock: held by any number of threads together, or by one alone."""

    def __init__(self) -> None:
        self._inside = 0
        self._alone = False
        self._changed = threading.Condition()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Hold it together with others; wait while a thread holds it alone, which takes milliseconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1

    @contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold it alone and yield True; if others hold it, yield False at once, without holding it."""
        with self._changed:
            free = self._inside == 0 and not self._alone
            self._alone = self._alone or free
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._alone = False
                    self._changed.notify_all()


class Device:
    """The GPU as this process uses it.

    Attributes:
        gate: held together while copying or opening a session, and alone while capturing a graph.
    """

    def __init__(self) -> None:
        self.gate = Gate()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device")

    def run[T](self, call: Callable[[], T]) -> T:
        """Run a call in the device's thread and return its result."""
        return self._thread.submit(call).result()


DEVICE = Device()
