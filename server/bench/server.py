"""The measured server: a process that the benchmark starts and observes, or a server that runs elsewhere."""

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
_ANSWER_S = 5.0
_LARGEST_ANSWER = 1 << 20
_MIB = 1 << 20


@dataclass(frozen=True)
class Usage:
    """The resources of a server at one time, of all its processes.

    Attributes:
        at: seconds on the monotonic clock.
        cpu: processor seconds since its start.
        rss: resident memory in MiB; pages that processes share count for each.
        threads: number of threads.
        files: number of open descriptors (handles on Windows).
    """

    at: float
    cpu: float
    rss: float
    threads: int
    files: int


@dataclass
class MeasuredServer:
    """A server and the record of its process; the record stays empty for a server that runs elsewhere.

    Attributes:
        url: of the server, without a slash at its end.
        process: of the server; None for one that runs elsewhere.
        usages: the usage at each `record_usage`.
        cpu_by_thread: processor seconds by native thread id at the last `record_usage`, including ended threads.
        cpu_by_thread_before: the same at the first `record_usage`.
    """

    url: str
    process: psutil.Process | None = None
    usages: list[Usage] = field(default_factory=list)
    cpu_by_thread: dict[int, float] = field(default_factory=dict)
    cpu_by_thread_before: dict[int, float] = field(default_factory=dict)

    def record_usage(self) -> None:
        """Record the current usage of the process.

        Raises:
            BenchError: the process has ended.
        """
        process = self.process
        if process is None:
            return
        try:
            self.usages.append(_usage([process, *self._workers()]))
            self.cpu_by_thread |= {thread.id: thread.user_time + thread.system_time for thread in process.threads()}
            self.cpu_by_thread_before = self.cpu_by_thread_before or dict(self.cpu_by_thread)
        except psutil.Error as error:
            raise BenchError(f"the server ended during the run ({error}): see its messages above") from error

    def _workers(self) -> list[psutil.Process]:
        """Return the worker processes of the server (`--workers`)."""
        return [] if self.process is None else self.process.children(recursive=True)

    def health(self) -> dict[str, Any]:
        """Return the server's `/health`.

        Raises:
            BenchError: the server does not answer.
        """
        return self.get("/health")

    def get(self, path: str) -> dict[str, Any]:
        """Return the JSON object at a path.

        Raises:
            BenchError: the server does not answer, or not with a JSON object of at most 1 MiB.
        """
        try:
            with urllib.request.urlopen(f"{self.url}{path}", timeout=_ANSWER_S) as response:
                text: bytes = response.read(_LARGEST_ANSWER + 1)
            fields = json.loads(text) if len(text) <= _LARGEST_ANSWER else None
        except (OSError, ValueError, RecursionError) as error:
            raise BenchError(f"no answer from {self.url}{path}: {error}") from error
        if not isinstance(fields, dict):
            raise BenchError(f"{self.url}{path} answered no JSON object of at most {_LARGEST_ANSWER} bytes")
        return fields

    def await_end_of_sessions(self) -> None:
        """Wait until the server has closed all sessions.

        Raises:
            BenchError: sessions are left after 15 s.
        """
        deadline = monotonic() + _GONE_S
        while sessions := self.health().get("sessions"):
            if monotonic() > deadline:
                raise BenchError(f"the server still has {sessions} sessions {_GONE_S:g} s after the end")
            sleep(0.1)


def environment(options: Sequence[str]) -> dict[str, str]:
    """Return ``name=value`` options of `acutance serve` as environment variables that it reads.

    Raises:
        BenchError: one does not have this form, or no such option exists.
    """
    variables = {}
    for option in options:
        name, equals, value = option.partition("=")
        name = name.replace("-", "_")
        # The value is not repeated: it may be a secret.
        if not equals:
            raise BenchError("--serve takes an option of `acutance serve` as NAME=VALUE")
        if name not in ServeOptions.model_fields:
            names = ", ".join(ServeOptions.model_fields)
            raise BenchError(f"--serve: {name!r} is not an option of `acutance serve`; options: {names}")
        variables[f"ACUTANCE_{name.upper()}"] = value
    return variables


@contextmanager
def acutance(options: Sequence[str] = (), thread_names: Path | None = None) -> Iterator[MeasuredServer]:
    """Run `acutance serve` on a free port until the block ends.

    Args:
        options: options of the form ``name=value``.
        thread_names: file for the names of its threads (see threads.py); None for no such file.

    Raises:
        BenchError: the server does not start.
    """
    port = free_port()
    watched = [] if thread_names is None else ["acutance.server.bench.threads", str(thread_names)]
    command = [sys.executable, "-m", *watched, "acutance.server.cli", "serve"]
    command += ["--port", str(port), "--log-level", "warning"]
    with started(command, port, MeasuredServer.health, environment(options)) as server:
        yield server


@contextmanager
def started(
    command: Sequence[str], port: int, ask: Callable[[MeasuredServer], object], variables: dict[str, str] | None = None
) -> Iterator[MeasuredServer]:
    """Run a server that listens on ``port`` of this host until the block ends.

    Args:
        command: the program and its arguments.
        port: TCP port on which it will listen.
        ask: raises `BenchError` as long as the server does not answer.
        variables: for its environment, in addition to those of this process.

    Raises:
        BenchError: the server ends, or does not answer within a minute.
    """
    process = subprocess.Popen(command, env={**os.environ, **(variables or {})})
    server = MeasuredServer(f"http://127.0.0.1:{port}", psutil.Process(process.pid))
    try:
        deadline = monotonic() + _START_S
        while True:
            try:
                ask(server)
                break
            except BenchError:
                if process.poll() is not None:
                    raise BenchError(
                        f"the server ended with code {process.returncode} when it started: see its message above"
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


def _usage(processes: Sequence[psutil.Process]) -> Usage:
    """Return the sum of the usages of processes; one of them may end meanwhile, unless it is the first."""
    cpu = rss = 0.0
    threads = files = 0
    for index, process in enumerate(processes):
        try:
            with process.oneshot():
                times = process.cpu_times()
                memory, count, opened = process.memory_info().rss / _MIB, process.num_threads(), _files(process)
        except psutil.Error:
            if index == 0:
                raise
            continue
        cpu, rss, threads, files = cpu + times.user + times.system, rss + memory, threads + count, files + opened
    return Usage(monotonic(), cpu, rss, threads, files)


def _files(process: psutil.Process) -> int:
    if sys.platform == "win32":
        return process.num_handles()
    return int(process.num_fds())


def free_port() -> int:
    """Return a free TCP port of this host."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
