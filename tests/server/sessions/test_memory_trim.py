"""After calls have ended, memory of the students is released once; a failure to do so has no other effect."""

import asyncio

import pytest

from acutance.server.sessions import memory_trim
from acutance.server.sessions.memory_trim import MemoryTrim


async def test_calls_that_end_together_release_memory_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_trim, "_AFTER_S", 0.0)
    loop, released, times = asyncio.get_running_loop(), asyncio.Event(), []

    def release() -> None:
        times.append(1)
        loop.call_soon_threadsafe(released.set)
        raise RuntimeError("the device is gone")

    trim = MemoryTrim(release)
    for _ in range(3):
        trim.collect_soon()
    async with asyncio.timeout(10):
        await released.wait()
        assert len(times) == 1
        released.clear()
        trim.collect_soon()
        await released.wait()
    assert len(times) == 2
    trim.close()
