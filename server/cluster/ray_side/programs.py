"""What the programs of this package have in common: they end with the process that started them."""

import os
import threading
from collections.abc import Callable

_STANDARD_INPUT = 0


def end_with_parent() -> None:
    """End this process when the one that started it ends."""
    when_parent_ends(lambda: os._exit(0))


def when_parent_ends(then: Callable[[], object]) -> None:
    """Call a function when the process that started this one ends: it holds the other end of standard input."""

    def wait() -> None:
        # Not through `sys.stdin`, which Python would have to lock when it ends.
        while os.read(_STANDARD_INPUT, 1024):
            pass
        then()

    threading.Thread(target=wait, daemon=True).start()
