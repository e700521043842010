"""`acutance serve` in its own process."""

import json
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acutance.server.bench.server import free_port

_ROOT = Path(__file__).parents[2]
_START_S = 60.0  # a cold import of onnxruntime and av on a busy machine
_STOP_S = 10.0
# The provider is named, because timing all of them takes longer than the rest of the start.
_STUDENT = ("--student", "small", "--provider", "cpu")
_STEADY = (*_STUDENT, "--no-governor", "--no-forward-good", "--no-admission", "--drain", "0")


@dataclass
class Server:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def health(self, token: str = "") -> dict[str, Any]:
        """Return its `/health`, with all fields if the token is valid or none is required."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(f"{self.url}/health", headers=headers)
        # Its self-signed certificate is not trusted; the tests check how browsers treat it.
        with urllib.request.urlopen(request, timeout=5, context=ssl._create_unverified_context()) as response:
            health: dict[str, Any] = json.load(response)
            return health

    def stop(self) -> int:
        """Terminate it and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_S)


@contextmanager
def running_server(log: Path, *arguments: str, port: int | None = None) -> Iterator[Server]:
    """Run it on a free port until the block ends; it must end with exit code 0 when asked.

    One student and no admission limit, however busy the test machine is; it stops without draining.

    Args:
        log: where its stderr goes.
        arguments: further options of `acutance serve`.
        port: to listen on; None for a free one.
    """
    port = port or free_port()
    command = [
        sys.executable,
        "-m",
        "acutance.server.cli",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *_STEADY,
        *arguments,
    ]
    with log.open("wb") as stderr:
        process = subprocess.Popen(command, cwd=_ROOT, stderr=stderr)
    server = Server(port, process, "https" if "--self-signed" in arguments else "http")
    try:
        _wait_until_up(server, log)
        yield server
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.poll() is None:
        server.stop()
    assert process.returncode == 0, f"the server ended with {process.returncode}:\n{log.read_text()}"


def _wait_until_up(server: Server, log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if server.process.poll() is not None:
            raise AssertionError(f"the server ended with {server.process.returncode}:\n{log.read_text()}")
        try:
            server.health()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"the server did not answer within {_START_S:g} s:\n{log.read_text()}")
