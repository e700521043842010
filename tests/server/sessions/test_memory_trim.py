"""After calls have ended, memory of the students is released once; a failure to do so has no other effect."""

import asyncio
from types import SimpleNamespace

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
    async with asyncio.timeout(60):  # a full collection takes seconds in a process with all tests, on a busy host
        await released.wait()
        assert len(times) == 1
        released.clear()
        trim.collect_soon()
        await released.wait()
    assert len(times) == 2
    trim.close()


def test_the_arenas_of_glibc_are_limited_and_other_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[tuple[int, int]] = []
    library = SimpleNamespace(mallopt=lambda *option: options.append(option))
    monkeypatch.setattr(memory_trim.ctypes, "CDLL", lambda name: library)
    memory_trim.limit_arenas()
    assert options == [(-8, 2)]
    monkeypatch.setattr(memory_trim.ctypes, "CDLL", lambda name: SimpleNamespace())
    memory_trim.limit_arenas()
