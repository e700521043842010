"""The buffers that no call is using, by shape, up to a limit in bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from acutance.model.engine.buffers import BatchShape, FrameBuffers


class BufferPool:
    """Keeps buffers for the next batch of their shape; those that were used longest ago are dropped first."""

    def __init__(self, make: Callable[[BatchShape], FrameBuffers], most: int):
        """Start empty.

        Args:
            make: makes buffers for a batch.
            most: maximum size of the idle buffers in bytes, see `FrameBuffers.size`.
        """
        self._make = make
        self._most = most
        self._idle: OrderedDict[BatchShape, list[FrameBuffers]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Size of the idle buffers in bytes."""
        return self._size

    def take(self, shape: BatchShape) -> FrameBuffers:
        """Return buffers for a batch, idle or new ones; they belong to the caller until `give_back`."""
        with self._lock:
            idle = self._idle.get(shape)
            if idle:
                buffers = idle.pop()
                self._size -= buffers.size
                if not idle:
                    del self._idle[shape]
                return buffers
        return self._make(shape)

    def give_back(self, shape: BatchShape, buffers: FrameBuffers) -> None:
        """Keep buffers for the next batch of their shape."""
        with self._lock:
            self._idle.setdefault(shape, []).append(buffers)
            self._idle.move_to_end(shape)
            self._size += buffers.size
            dropped = self._drop(self._most)
        for one in dropped:
            one.close()

    def clear(self) -> None:
        """Drop all idle buffers."""
        with self._lock:
            dropped = self._drop(0)
        for one in dropped:
            one.close()

    def _drop(self, most: int) -> list[FrameBuffers]:
        dropped = []
        while self._size > most:
            shape, oldest = next(iter(self._idle.items()))
            buffers = oldest.pop(0)
            if not oldest:
                del self._idle[shape]
            self._size -= buffers.size
            dropped.append(buffers)
        return dropped
