"""What was read and encoded ahead of its time waits here: a bounded queue from a thread to the event loop."""

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import av

type Packet = av.Packet[Any]


@dataclass(frozen=True)
class Item:
    """One packet to be sent.

    Attributes:
        packet: encoded.
        time: when it is due in the source, in seconds.
        number: of a frame.
        is_tail: of sound, whether it lies behind the source's.
    """

    packet: Packet
    time: float
    number: int = 0
    is_tail: bool = False


class Ahead:
    """The queue: one thread puts, one coroutine gets.

    Attributes:
        depth: items at most; then the thread waits.
    """

    def __init__(self, depth: int, loop: asyncio.AbstractEventLoop):
        self.depth = depth
        self._loop = loop
        self._items: deque[Item | None] = deque()
        self._changed = threading.Condition()
        self._filled = asyncio.Event()
        self._closed = False

    @property
    def is_full(self) -> bool:
        """Whether `put` would wait."""
        return len(self._items) >= self.depth

    def put(self, item: Item | None) -> bool:
        """Append, from the thread, and wait for room before; None is the end. False where nobody takes it any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self.is_full)
            if self._closed:
                return False
            self._items.append(item)
        self._loop.call_soon_threadsafe(self._filled.set)
        return True

    async def get(self) -> Item | None:
        """Take the first one, waiting for it; None is the end."""
        while not self._items:
            self._filled.clear()
            await self._filled.wait()
        with self._changed:
            item = self._items.popleft()
            self._changed.notify()
        return item

    def close(self) -> None:
        """Let a thread that waits go; nothing is taken any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
