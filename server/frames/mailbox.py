"""A mailbox with one slot: a newer item replaces an older one."""

import asyncio


class Closed(Exception):  # noqa: N818 - the end of a stream, not a fault
    """The mailbox is closed: no more items follow."""


class Mailbox[T]:
    """One slot between two stages of a pipeline on one event loop.

    A late frame is worthless: ``put`` never waits, and replaces an item that was not taken.
    """

    def __init__(self) -> None:
        self._item: T | None = None
        self._changed = asyncio.Event()
        self._closed = False

    def put(self, item: T) -> bool:
        """Put ``item`` into the slot; return whether it replaced another. Ignored after ``close``."""
        if self._closed:
            return False
        overwrites = self._item is not None
        self._item = item
        self._changed.set()
        return overwrites

    async def take(self) -> T:
        """Wait for an item, remove and return it; for one consumer.

        Raises:
            Closed: the mailbox is closed.
        """
        while self._item is None:
            if self._closed:
                raise Closed
            self._changed.clear()
            await self._changed.wait()
        item, self._item = self._item, None
        return item

    def close(self) -> None:
        """Drop the item and end every ``take``."""
        self._closed = True
        self._item = None
        self._changed.set()
