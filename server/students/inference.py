"""Where students run: on a few threads, and no frame waits for a call that does not come back."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

log = logging.getLogger(__name__)

# Fifteen frames at 30 a second. A GPU that searches its kernels for a new size, or builds an engine for it, takes
# longer once; a processor that takes longer is no help in a call.
PATIENCE_S = 0.5


class OverdueError(RuntimeError):
    """A student has not answered in time; the message says which, for a person."""


class Inference:
    """Runs the calls of all sessions, as many at once as pay. Lives on one event loop.

    A call that is overdue goes on in its thread, for nothing can stop it, and is no longer waited for: until it has
    come back its student takes no other call, and the threads that remain serve the other students.
    """

    def __init__(self, at_once: int, patience: float = PATIENCE_S):
        """Make it.

        Args:
            at_once: calls that make sense at once.
            patience: seconds that a call may take, the wait for a thread included.
        """
        self._at_once = at_once
        self._patience = patience
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="inference")
        self._overdue: dict[Future[Any], str] = {}

    @property
    def overdue(self) -> int:
        """How many calls are no longer waited for, and still have not come back."""
        self._overdue = {call: student for call, student in self._overdue.items() if not call.done()}
        return len(self._overdue)

    async def run[**P, T](self, student: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what ``call`` returns, which runs ``student``.

        Raises:
            OverdueError: it takes too long, or one before it still does.
            Exception: what it raises.
        """
        if self.overdue and (student in self._overdue.values() or len(self._overdue) >= self._at_once):
            raise OverdueError(_reason(next(iter(self._overdue.values()))))
        running = self._threads.submit(call, *args, **kwargs)
        waiting = asyncio.wrap_future(running)
        try:
            await asyncio.wait({waiting}, timeout=self._patience)
            if waiting.done():
                return waiting.result()
        finally:
            # One that waits for a thread is given up; one that has a thread keeps it.
            never_ran = running.cancel()
            waiting.cancel()
        if not never_ran:
            self._overdue[running] = student
            log.warning("%s: frames pass through until it does", _reason(student))
        raise OverdueError(_reason(student))

    def close(self) -> None:
        """Take no call any more. Those that run are not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _reason(student: str) -> str:
    return f"the student {student} does not answer"
