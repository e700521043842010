"""`acutance serve` in its own process."""

import json
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable

Start = Callable[..., subprocess.Popen[str]]
# For tests that need no certain student: timing all students on all providers takes a server seconds.
FAST_START = ("--student", "nano", "--provider", "cpu")


def health(url: str, context: ssl.SSLContext | None = None) -> dict[str, object]:
    """Return a server's `/health`, once it answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5, context=context) as response:
                return dict(json.load(response))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
