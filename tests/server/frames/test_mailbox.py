import asyncio

import pytest

from acutance.server.frames.mailbox import Closed, Mailbox


async def test_an_item_that_was_put_is_taken() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    assert await mailbox.take() == 1


async def test_the_newest_item_replaces_the_one_before_and_put_says_so() -> None:
    mailbox: Mailbox[int] = Mailbox()
    assert [mailbox.put(item) for item in (1, 2, 3)] == [False, True, True]
    assert await mailbox.take() == 3


async def test_take_waits_for_put() -> None:
    mailbox: Mailbox[int] = Mailbox()
    taking = asyncio.create_task(mailbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    mailbox.put(7)
    assert await taking == 7
    assert not mailbox.put(8)


async def test_an_item_is_taken_once() -> None:
    mailbox: Mailbox[int] = Mailbox()
    mailbox.put(1)
    await mailbox.take()
    taking = asyncio.create_task(mailbox.take())
    await asyncio.sleep(0)
    assert not taking.done()
    taking.cancel()


async def test_close_ends_a_waiting_take_and_drops_the_rest() -> None:
    mailbox: Mailbox[int] = Mailbox()
    taking = asyncio.create_task(mailbox.take())
    await asyncio.sleep(0)
    mailbox.close()
    with pytest.raises(Closed):
        await taking
    mailbox.put(1)
    with pytest.raises(Closed):
        await mailbox.take()
