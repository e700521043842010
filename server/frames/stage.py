"""The stages of a pipeline: tasks that run for as long as a call. A failure is logged and reported, never dropped."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


def start_stage(
    name: str, work: Callable[[], Awaitable[object]], on_failed: Callable[[str], object]
) -> asyncio.Task[None]:
    """Start a stage as a task of the running event loop.

    Args:
        name: for the log and the reason, for example ``enhancing``.
        work: what the stage does.
        on_failed: called with the reason, in words, when ``work`` raises anything but a cancellation.
    """

    async def run() -> None:
        try:
            await work()
        except Exception as error:  # of any kind: without a report the call would stand still without a reason
            log.exception("%s failed", name)
            on_failed(f"{name} failed ({type(error).__name__})")

    return asyncio.create_task(run(), name=name)
