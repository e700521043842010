"""How the server is asked to stop: SIGTERM lets calls end first, SIGINT or a second signal does not wait."""

import asyncio
import signal
import sys
from types import FrameType


class Stopping:
    """Follows the signals of the process. Lives on one event loop.

    Attributes:
        asked: somebody wants the server to end.
        at_once: without waiting for anyone.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.at_once = asyncio.Event()

    def listen(self) -> None:
        """Take SIGTERM and SIGINT over."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            if sys.platform == "win32":  # no loop.add_signal_handler there

                def on_signal(number: int, frame: FrameType | None) -> None:
                    loop.call_soon_threadsafe(self.note, signal.Signals(number))

                signal.signal(number, on_signal)
            else:
                loop.add_signal_handler(number, self.note, number)

    def note(self, number: signal.Signals) -> None:
        """Take a signal."""
        if number == signal.SIGINT or self.asked.is_set():
            self.at_once.set()
        self.asked.set()
