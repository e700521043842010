"""Stops the server: after SIGTERM calls may end first, SIGINT or a second signal ends them at once."""

import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from types import FrameType

log = logging.getLogger(__name__)


class Stopping:
    """Handles the signals of the process. Belongs to one event loop.

    Attributes:
        requested: set when the server is to stop.
        at_once: set when it is to stop without waiting for calls.
    """

    def __init__(self) -> None:
        self.requested = asyncio.Event()
        self.at_once = asyncio.Event()

    def listen(self) -> None:
        """Handle SIGTERM and SIGINT from now on."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            if sys.platform == "win32":  # no loop.add_signal_handler there

                def on_signal(number: int, frame: FrameType | None) -> None:
                    loop.call_soon_threadsafe(self.note, signal.Signals(number))

                signal.signal(number, on_signal)
            else:
                loop.add_signal_handler(number, self.note, number)

    def note(self, number: signal.Signals) -> None:
        """Handle one signal."""
        if number == signal.SIGINT or self.requested.is_set():
            self.at_once.set()
        self.requested.set()

    async def drain(
        self, begin: Callable[[], object], ended: Callable[[], Coroutine[None, None, None]], seconds: float
    ) -> None:
        """Wait for the first signal, stop admitting sessions, and give the running ones time to end.

        Args:
            begin: called after the first signal; must stop the admission of sessions.
            ended: coroutine that returns when the last session has ended.
            seconds: maximum time that sessions get; they get none after SIGINT or a second signal.
        """
        await self.requested.wait()
        begin()
        if not self.at_once.is_set():
            log.info("stopping: sessions may continue for %g s, new ones are not admitted", seconds)
        last = asyncio.create_task(ended())
        at_once = asyncio.create_task(self.at_once.wait())
        await asyncio.wait((last, at_once), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for waiting in (last, at_once):
            waiting.cancel()
        await asyncio.gather(last, at_once, return_exceptions=True)
