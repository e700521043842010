"""A bounded queue from a thread to the event loop, for packets that are read and encoded ahead of time."""

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
        packet: encoded video or audio.
        time: time in the source, in seconds, at which the packet is sent.
        number: of the frame; 0 for audio.
        is_tail: whether it is silence after the end of the source's audio.
    """

    packet: Packet
    time: float
    number: int = 0
    is_tail: bool = False


class ReadAhead:
    """The queue: one thread puts, one coroutine gets.

    Attributes:
        depth: maximum number of items; the thread waits for room.
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
        """Wait for room and append an item; for the thread. None marks the end. Return False after `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or not self.is_full)
            if self._closed:
                return False
            self._items.append(item)
        self._loop.call_soon_threadsafe(self._filled.set)
        return True

    async def get(self) -> Item | None:
        """Wait for the first item, remove and return it; None is the end."""
        while not self._items:
            self._filled.clear()
            await self._filled.wait()
        with self._changed:
            item = self._items.popleft()
            self._changed.notify()
        return item

    def close(self) -> None:
        """Wake a waiting thread; no further item is accepted."""
        with self._changed:
            self._closed = True
            self._changed.notify()
