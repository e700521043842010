"""Shares the GPU among all students of this process: one launching thread, and exclusive capture of CUDA graphs.

ONNX Runtime captures a CUDA graph in a mode that forbids certain calls in *every* thread of the process, such as copies
and allocations (cudaStreamCaptureModeGlobal, in its core/providers/cuda/cuda_graph.cc, which says that capture
"can only work with a single thread"), and keeps the captured graph for that thread (CUDAExecutionProvider's
PerThreadContext, microsoft/onnxruntime#19636). So one thread launches everything, and a graph is captured only while no
thread copies, encodes on the GPU or opens a session.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from time import perf_counter

PATIENCE_S = 0.05
"""Seconds that a capture waits for running copies, which take milliseconds; meanwhile no other copy begins."""


class SharedLock:
    """A lock that any number of threads hold shared, or one thread holds exclusively.

    A thread that waits for exclusive use goes first: nobody else gets the lock shared before it. Otherwise, under load,
    there is always a copy under way, and no graph is ever captured.
    """

    def __init__(self) -> None:
        self._holders = 0
        self._long_holders = 0
        self._exclusive = False
        self._wanted = False
        self._changed = threading.Condition()

    @contextmanager
    def shared(self, *, long: bool = False) -> Iterator[None]:
        """Hold it shared; wait while a thread holds it exclusively or is about to, which takes milliseconds.

        Args:
            long: whether it is held for longer than `PATIENCE_S`, such as for opening a session: nobody waits for that.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._exclusive and not self._wanted)
            self._holders += 1
            self._long_holders += long
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._holders -= 1
                self._long_holders -= long
                self._changed.notify_all()

    @contextmanager
    def exclusive(self, patience: float = PATIENCE_S) -> Iterator[bool]:
        """Hold it exclusively and yield True; yield False without holding it if that takes longer than the patience.

        Args:
            patience: seconds to wait for other holders; nothing is waited for while one of them holds it for long.
        """
        with self._changed:
            free = not self._exclusive and not self._wanted
            if free and self._holders:
                self._wanted = True
                self._changed.wait_for(lambda: self._holders == 0 or self._long_holders > 0, patience)
                self._wanted = False
                free = self._holders == 0
                self._changed.notify_all()
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
        lock: held shared while copying, encoding on the GPU or opening a session; exclusively while capturing a graph.
        busy_seconds: time that the device's thread has spent with students since the start.
        lost: why the device cannot be used again in this process, in words; None if it can.
    """

    def __init__(self) -> None:
        self.lock = SharedLock()
        self.busy_seconds = 0.0
        self.lost: str | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="device")
        self._discarded: SimpleQueue[tuple[object, Callable[[], None] | None]] = SimpleQueue()

    def run[T](self, call: Callable[[], T]) -> T:
        """Run a call in the device's thread and return its result."""
        return self._thread.submit(self._timed, call).result()

    def discard(self, used: object, close: Callable[[], None] | None = None) -> None:
        """Take what uses the GPU and is not needed any more, such as an encoder; never blocks, for finalizers.

        It is released by `release_discarded`, not while a graph is captured.

        Args:
            used: kept until then.
            close: called then.
        """
        self._discarded.put((used, close))

    def release_discarded(self) -> None:
        """Release what was discarded. The device's thread calls it before each launch; others hold the lock shared."""
        while not self._discarded.empty():
            with suppress(Empty):
                _, close = self._discarded.get_nowait()
                if close is not None:
                    close()

    def _timed[T](self, call: Callable[[], T]) -> T:
        begun = perf_counter()
        self.release_discarded()
        try:
            return call()
        finally:
            self.busy_seconds += perf_counter() - begun


DEVICE = Device()
