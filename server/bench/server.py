"""The server that a benchmark measures: started here as its own process and watched, or one that runs elsewhere."""

import json
import os
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import psutil

from acutance.server.bench.errors import BenchError
from acutance.server.options.server import ServeOptions

_START_S = 60.0  # a cold import of onnxruntime and av on a busy machine
_STOP_S = 10.0
_GONE_S = 15.0
_MIB = 1 << 20


@dataclass(frozen=True)
class Usage:
    """What a process has and has used.

    Attributes:
        at: seconds on the monotonic clock.
        cpu: processor seconds since its start.
        rss: resident memory in MiB.
        threads, files: how many it has; files are open descriptors (handles on Windows).
    """

    at: float
    cpu: float
    rss: float
    threads: int
    files: int


@dataclass
class Watched:
    """A server, and what was seen of its process; without one (it runs elsewhere) nothing is seen.

    Attributes:
        url: where it listens.
        seen: one usage a `look`.
        by_thread: processor seconds by native thread id, as last seen, of those that have ended too.
        by_thread_before: the same at the first look.
    """

    url: str
    process: psutil.Process | None = None
    seen: list[Usage] = field(default_factory=list)
    by_thread: dict[int, float] = field(default_factory=dict)
    by_thread_before: dict[int, float] = field(default_factory=dict)

    def look(self) -> None:
        """Add what its process has and has used now.

        Raises:
            BenchError: it has ended.
        """
        process = self.process
        if process is None:
            return
        try:
            with process.oneshot():
                times = process.cpu_times()
                rss = process.memory_info().rss / _MIB
                threads, files = process.num_threads(), _files(process)
            self.seen.append(Usage(monotonic(), times.user + times.system, rss, threads, files))
            self.by_thread |= {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
            self.by_thread_before = self.by_thread_before or dict(self.by_thread)
        except psutil.Error as error:
            raise BenchError(f"the server has ended in mid-run ({error}): see its messages above") from error

    def health(self) -> dict[str, Any]:
        """Return what it says of itself.

        Raises:
            BenchError: it does not answer.
        """
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as response:
                health: dict[str, Any] = json.load(response)
        except (OSError, ValueError) as error:
            raise BenchError(f"no answer from {self.url}/health: {error}") from error
        return health

    def await_end_of_sessions(self) -> None:
        """Wait until the peers that have left are closed.

        Raises:
            BenchError: they are still there after 15 s.
        """
        deadline = monotonic() + _GONE_S
        while self.health()["sessions"]:
            if monotonic() > deadline:
                raise BenchError(
                    f"the server still has {self.health()['sessions']} sessions {_GONE_S:g} s after the end"
                )
            sleep(0.1)


def environment(options: Sequence[str]) -> dict[str, str]:
    """Return ``name=value`` options of `acutance serve` as environment variables that it reads.

    Raises:
        BenchError: one is not of this form, or there is no such option.
    """
    variables = {}
    for option in options:
        name, equals, value = option.partition("=")
        name = name.replace("-", "_")
        if not equals or name not in ServeOptions.model_fields:
            names = ", ".join(ServeOptions.model_fields)
            raise BenchError(f"{option!r} is no option of `acutance serve` as NAME=VALUE; names: {names}")
        variables[f"ACUTANCE_{name.upper()}"] = value
    return variables


@contextmanager
def acutance(options: Sequence[str] = (), thread_names: Path | None = None) -> Iterator[Watched]:
    """Run `acutance serve` on a free port until the block ends.

    Args:
        options: ``name=value`` each.
        thread_names: a file for the names of its threads (see threads.py); None to leave them unknown.

    Raises:
        BenchError: it does not start.
    """
    port = free_port()
    watched = [] if thread_names is None else ["acutance.server.bench.threads", str(thread_names)]
    command = [sys.executable, "-m", *watched, "acutance.server.cli", "serve"]
    command += ["--port", str(port), "--log-level", "warning"]
    with started(command, port, Watched.health, environment(options)) as server:
        yield server


@contextmanager
def started(
    command: Sequence[str], port: int, ask: Callable[[Watched], object], variables: dict[str, str] | None = None
) -> Iterator[Watched]:
    """Run a server that listens on ``port`` of this machine until the block ends.

    Args:
        command: the program and its arguments.
        port: where it will listen.
        ask: raises `BenchError` for as long as it does not answer.
        variables: of its environment, beside those of this process.

    Raises:
        BenchError: it ends, or does not answer within a minute.
    """
    process = subprocess.Popen(command, env={**os.environ, **(variables or {})})
    server = Watched(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
    try:
        deadline = monotonic() + _START_S
        while True:
            try:
                ask(server)
                break
            except BenchError:
                if process.poll() is not None:
                    raise BenchError(
                        f"the server ended at once with code {process.returncode}: see its message above"
                    ) from None
                if monotonic() > deadline:
                    raise BenchError(f"the server did not answer within {_START_S:g} s") from None
                sleep(0.1)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _files(process: psutil.Process) -> int:
    if sys.platform == "win32":
        return process.num_handles()
    return int(process.num_fds())


def free_port() -> int:
    """Return a TCP port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
