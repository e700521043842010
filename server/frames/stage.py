"""The stages of a pipeline: tasks that run as long as the call. A failure is logged and reported."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


def start_stage(
    name: str, work: Callable[[], Awaitable[object]], on_failed: Callable[[str], object]
) -> asyncio.Task[None]:
    """Start a stage as a task of the running event loop.

    Args:
        name: for the log and the reason, for example ``enhancing frames``.
        work: the coroutine function to run.
        on_failed: called with the reason, in words, when ``work`` raises anything but a cancellation.
    """

    async def run() -> None:
        try:
            await work()
        except Exception as error:  # of any kind: without a report the call would freeze without a reason
            log.exception("%s failed", name)
            on_failed(f"{name} failed ({type(error).__name__})")

    return asyncio.create_task(run(), name=name)
