"""`acutance serve` as a process of its own."""

import json
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable

Start = Callable[..., subprocess.Popen[str]]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def health(url: str, context: ssl.SSLContext | None = None) -> dict[str, object]:
    """What a server says of itself, once it answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=5, context=context) as response:
                return dict(json.load(response))
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
