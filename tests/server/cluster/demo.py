"""`acutance cluster demo` for tests: its processes, and how they are killed or frozen."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from aiohttp import ClientSession

from acutance.server.bench.server import free_port
from acutance.server.signalling.session_ids import split
from tests.server.processes import FAST_START

TOKEN = "0123456789abcdef" * 3
# Ray imports for many seconds on a busy host.
_START_S = 300


@dataclass
class Demo:
    """A running cluster on this machine.

    Attributes:
        url: of its door.
        port: of Ray's head.
        process: of its door, which has started all the others.
        log: what it logs.
    """

    url: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    async def nodes(self, client: ClientSession) -> dict[str, dict[str, Any]]:
        """Return what `/health` tells of each node, by its name."""
        async with client.get(f"{self.url}/health") as response:
            return {each["name"]: each for each in (await response.json()).get("workers", ())}

    async def until_nodes(self, client: ClientSession, count: int, seconds: float = _START_S) -> dict[str, Any]:
        """Return the nodes when there are as many."""
        async with asyncio.timeout(seconds):
            while len(nodes := await self.nodes(client)) != count:
                assert self.process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.2)
        return nodes


def running_demo(
    folder: Path, nodes: int, *options: str, variables: dict[str, str] | None = None
) -> AbstractContextManager[Demo]:
    """Run a cluster, and end it with all its processes."""
    return running(folder, "demo", "--nodes", str(nodes), *options, head=free_port(), variables=variables)


@contextmanager
def running(
    folder: Path, command: str, *options: str, head: int, variables: dict[str, str] | None = None
) -> Iterator[Demo]:
    """Run a command of `acutance cluster`, and end it with all its processes.

    Args:
        folder: for what it logs.
        command: its name.
        options: its options.
        head: TCP port of Ray's head.
        variables: of its environment.
    """
    port = free_port()
    log = folder / f"{command}-{port}.log"
    arguments = [sys.executable, "-m", "acutance.server.cli", "cluster", command, *options]
    arguments += ["--port", str(port), "--cluster-port", str(head), *FAST_START]
    environment = os.environ | {"ACUTANCE_CLUSTER_TOKEN": TOKEN} | (variables or {})
    with log.open("wb") as file:
        process = subprocess.Popen(arguments, stdout=file, stderr=subprocess.STDOUT, env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _START_S
        while b" open http" not in log.read_bytes():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield Demo(url, head, process, log)
    finally:
        started = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
        _, alive = psutil.wait_procs(started, timeout=20)
        for each in alive:
            each.kill()


def drain(demo: Demo, name: str) -> None:
    """Drain the machine of a node by the command."""
    command = [sys.executable, "-m", "acutance.server.cli", "cluster", "drain", name, "--url", demo.url]
    environment = os.environ | {"ACUTANCE_CLUSTER_TOKEN": TOKEN}
    drained = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert drained.returncode == 0, drained.stderr


def node_of(url: str) -> str:
    """Return the name of the node that a session URL names."""
    return split(url.rpartition("/")[2])[0]


def machine_of(pid: int) -> list[psutil.Process]:
    """Return all processes of the Ray node that has started a node: as if it was a machine."""
    raylet = psutil.Process(pid).parent()
    assert raylet is not None
    assert "raylet" in raylet.name()
    starter = raylet.parent()
    assert starter is not None
    return [starter, *starter.children(recursive=True)]


def processes_of(demo: Demo) -> list[psutil.Process]:
    """Return a command and all that it has started."""
    process = psutil.Process(demo.process.pid)
    return [process, *process.children(recursive=True)]


def signal_all(processes: list[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to processes."""
    for each in processes:
        try:
            each.send_signal(number)
        except psutil.NoSuchProcess:
            continue
