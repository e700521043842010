"""Runs the students in a few threads; no frame waits for a call that hangs."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

log = logging.getLogger(__name__)

# Seconds: fifteen frames at 30 per second. TensorRT takes longer for a size that it has no engine for; the sizes of
# ladder.WARM_SIZES are prepared before calls are admitted. A CPU that takes longer is too slow for a call.
PATIENCE_S = 0.5


class OverdueError(RuntimeError):
    """A student has not answered in time; the message names it."""


@dataclass(frozen=True)
class _Abandoned:
    """A running call that is no longer awaited: its student, and the time from which it counts as overdue."""

    student: str
    due: float


class Inference:
    """Runs the inference calls of all sessions, several at once. For one event loop.

    An overdue call cannot be stopped: it continues in its thread but is no longer awaited. Until it returns, its
    student accepts no other call, and the remaining threads serve the other students. The same applies to a call that
    was cancelled with its session, once it is overdue.
    """

    def __init__(self, at_once: int, patience: float = PATIENCE_S, clock: Callable[[], float] = monotonic):
        """Start with no call.

        Args:
            at_once: number of threads.
            patience: seconds that a call may take, including the wait for a thread.
            clock: in seconds.
        """
        self._at_once = at_once
        self._patience = patience
        self._clock = clock
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="inference")
        self._abandoned: dict[Future[Any], _Abandoned] = {}

    @property
    def overdue(self) -> int:
        """The number of overdue calls that have not returned."""
        return len(self._overdue_students())

    async def run[**P, T](self, student: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run ``call``, which uses ``student``, in a thread and return its result.

        Raises:
            OverdueError: the call is overdue, an earlier call of the student still is, or overdue calls occupy all
                threads.
            Exception: whatever ``call`` raises.
        """
        overdue = self._overdue_students()
        if student in overdue or len(overdue) >= self._at_once:
            raise OverdueError(_reason(overdue[0]))
        due = self._clock() + self._patience
        running = self._threads.submit(call, *args, **kwargs)
        waiting = asyncio.wrap_future(running)
        try:
            await asyncio.wait({waiting}, timeout=self._patience)
            if waiting.done():
                return waiting.result()
            due = self._clock()
        finally:
            # A call that waits for a thread is cancelled; a running call keeps its thread, also after a cancellation.
            never_ran = running.cancel()
            waiting.cancel()
            if not never_ran and not running.done():
                self._abandoned[running] = _Abandoned(student, due)
        if not never_ran:
            log.warning("%s: frames pass through until it does", _reason(student))
        raise OverdueError(_reason(student))

    async def close(self) -> None:
        """Accept no further call, and wait for running calls until they are overdue.

        Afterwards `overdue` counts all calls that still run: at exit, the interpreter would wait for their threads.
        """
        self._threads.shutdown(wait=False, cancel_futures=True)
        now = self._clock()
        recent = [asyncio.wrap_future(call) for call, about in self._abandoned.items() if about.due > now]
        with suppress(TimeoutError):
            async with asyncio.timeout(self._patience):
                await asyncio.gather(*recent, return_exceptions=True)
        self._abandoned = {call: replace(about, due=now) for call, about in self._abandoned.items()}

    def _overdue_students(self) -> list[str]:
        self._abandoned = {call: about for call, about in self._abandoned.items() if not call.done()}
        now = self._clock()
        return [about.student for about in self._abandoned.values() if now >= about.due]


def _reason(student: str) -> str:
    return f"the student {student} does not answer"
