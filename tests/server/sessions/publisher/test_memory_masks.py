import asyncio
from typing import Any

from acutance.server.sessions.publisher.memory_masks import send_masks
from acutance.server.video.remembered_mask import RememberedMask


class Recalled:
    """Stands in for the memory of a call."""

    def __init__(self) -> None:
        self.shown = RememberedMask()
        self.asked = asyncio.Event()

    def mask(self) -> RememberedMask:
        self.asked.set()
        return self.shown

    async def asked_twice(self) -> None:
        for _ in range(2):
            self.asked.clear()
            await self.asked.wait()


async def test_a_mask_is_sent_after_each_change_while_it_is_wanted() -> None:
    recall, sent, wanted = Recalled(), list[dict[str, Any]](), [True]
    task = asyncio.create_task(send_masks(recall, lambda: wanted[0], sent.append, 0))  # type: ignore[arg-type]
    await recall.asked_twice()
    recall.shown = RememberedMask(1, 1, b"\x80")
    await recall.asked_twice()
    assert [message["columns"] for message in sent] == [0, 1]
    wanted[0] = False
    recall.shown = RememberedMask()
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(sent) == 2
    wanted[0] = True
    await recall.asked_twice()
    assert [message["columns"] for message in sent] == [0, 1, 0], "the first one is sent again"
    task.cancel()


async def test_a_server_without_a_memory_sends_nothing() -> None:
    await send_masks(None, lambda: True, lambda message: None)
