"""What all students of this process share on a GPU: the thread that launches, and who may do what during a capture.

ONNX Runtime captures a CUDA graph in the mode that forbids certain calls to *every* thread of the process, copies and
allocations among them (cudaStreamCaptureModeGlobal, in its core/providers/cuda/cuda_graph.cc, which says that capture
"can only work with a single thread"), and keeps what it captured with that thread (CUDAExecutionProvider's
PerThreadContext, microsoft/onnxruntime#19636). So one thread launches everything, and a capture happens only while
nobody copies or opens a session.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager


class Gate:
    """Lets any number in together, or one alone."""

    def __init__(self) -> None:
        self._inside = 0
        self._alone = False
        self._changed = threading.Condition()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Come in beside others; wait for one who is alone, which takes milliseconds."""
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
        """Keep everybody out; False, and nobody is kept out, where somebody is inside."""
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
        gate: copies and sessions being opened are inside together, a capture alone.
    """

    def __init__(self) -> None:
        self.gate = Gate()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device")

    def run[T](self, call: Callable[[], T]) -> T:
        """Make a call in the device's thread and wait for it."""
        return self._thread.submit(call).result()


DEVICE = Device()
