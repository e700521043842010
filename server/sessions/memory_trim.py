"""What a call leaves behind in memory: collected soon after its end, and given back to the system."""

import asyncio
import ctypes
import gc
from collections.abc import Callable

# The tasks that still hold a closed session have ended by then; calls that end together are collected together.
_AFTER_S = 1.0


class MemoryTrim:
    """Collects garbage once in a while after calls have ended. Lives on one event loop.

    aiortc's connections are knots of references, with some MiB of codecs and buffers on each, and Python's full
    collections are rare: memory would grow from call to call. What has been freed by then lies between what has not:
    glibc keeps it, some 90 MiB after a few hundred calls, unless it is told to look (``make soak-cycles``).
    """

    def __init__(self) -> None:
        self._due: asyncio.TimerHandle | None = None
        self._trim = _malloc_trim()

    def collect_soon(self) -> None:
        """A call has ended."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(_AFTER_S, self._collect)

    def close(self) -> None:
        """Collect nothing any more."""
        if self._due is not None:
            self._due.cancel()

    def _collect(self) -> None:
        self._due = None
        # What the start left is frozen (serve.py), so that only what calls made is looked through.
        gc.collect()
        if self._trim is not None:
            asyncio.get_running_loop().run_in_executor(None, self._trim, 0)


def _malloc_trim() -> Callable[[int], object] | None:
    """Return malloc_trim(3), which lets other threads run, where the C library has it: glibc."""
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows has no library without a name
        return None
    return trim
