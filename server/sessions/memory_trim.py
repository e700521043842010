"""Returns the memory of ended calls to the operating system."""

import asyncio
import ctypes
import gc
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

log = logging.getLogger(__name__)

# Delay after the end of a call: its tasks have ended by then, and calls that end together cause one collection.
_AFTER_S = 1.0
_M_ARENA_MAX = -8  # malloc.h


class MemoryTrim:
    """Runs a garbage collection after calls have ended, at most one a second. Belongs to one event loop.

    aiortc's connections are reference cycles that hold some MiB of codecs and buffers each, and Python's full
    collections are rare: memory would grow from call to call. glibc keeps freed memory between allocated blocks, about
    90 MiB after a few hundred calls, unless malloc_trim is called (``make soak-cycles``). The students keep the memory
    that their largest frames needed.
    """

    def __init__(self, release_students: Callable[[], object]) -> None:
        """Create it; nothing is scheduled yet.

        Args:
            release_students: releases unused memory of the students; called in another thread, also during calls.
        """
        self._release_students = release_students
        # A separate thread, so that asyncio's thread pool does not grow.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="memory-trim")
        self._thread.submit(int)  # starts the thread: the number of threads is the same before and after the first call
        self._due: asyncio.TimerHandle | None = None
        self._trim = _malloc_trim()

    def collect_soon(self) -> None:
        """Schedule a collection; called after the end of each call."""
        if self._due is None:
            self._due = asyncio.get_running_loop().call_later(_AFTER_S, self._collect)

    def close(self) -> None:
        """Cancel the scheduled collection."""
        if self._due is not None:
            self._due.cancel()
        self._thread.shutdown(wait=False)

    def _collect(self) -> None:
        self._due = None
        # Objects from the start of the server are frozen (serve.py), so this examines only objects of calls.
        gc.collect()
        with suppress(RuntimeError):  # a session that ended after `close`
            asyncio.get_running_loop().run_in_executor(self._thread, self._release)

    def _release(self) -> None:
        try:
            self._release_students()
        except Exception:  # ONNX Runtime's errors share no base class; a student that fails is reported by its calls
            log.debug("a student did not release its memory", exc_info=True)
        if self._trim is not None:
            self._trim(0)


def limit_arenas() -> None:
    """Let all threads of the process allocate from two arenas of glibc's malloc; elsewhere do nothing.

    By default glibc makes up to eight arenas per processor, and each call has threads of its own: what a call frees
    lies scattered over all of them, and little of it can be returned. Called before the first thread starts.
    """
    with suppress(AttributeError, OSError, TypeError):  # musl, macOS; Windows has no library without a name
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _malloc_trim() -> Callable[[int], object] | None:
    """Return malloc_trim(3), which does not hold the GIL; None if the C library has none (it is in glibc)."""
    try:
        trim: Callable[[int], object] = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows has no library without a name
        return None
    return trim
