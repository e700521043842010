"""Starts worker processes."""

import asyncio
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from acutance.server.security import child_environment
from acutance.server.workers.processes.linked import WorkerCarrier
from acutance.server.workers.processes.setup import Setup

log = logging.getLogger(__name__)

# A module that imports only what a worker needs.
_MODULE = "acutance.server.workers.processes.worker"
# Seconds. Hung inferences are awaited for half a second.
_END_S = 3.0


@dataclass(eq=False)
class WorkerProcess:
    """A worker process and the connection to it.

    Attributes:
        carrier: the connection.
        process: the process.
    """

    carrier: WorkerCarrier
    process: subprocess.Popen[bytes]
    _receiving: asyncio.Task[None] | None = field(default=None, init=False)

    @classmethod
    async def spawn(cls, setup: Setup, share: float, on_report: Callable[[WorkerCarrier], object]) -> "WorkerProcess":
        """Start a process; the future `WorkerCarrier.started` says when it takes requests.

        Args:
            setup: of the worker.
            share: number of processors that are its part of the host.
            on_report: called after each of its reports.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            # Not asyncio's: its child watcher would reap the process, and reading the exit code needs no event loop.
            process = await asyncio.to_thread(_start, theirs)
        reader, writer = await asyncio.open_connection(sock=ours)
        carrier = WorkerCarrier(setup.name, share, reader, writer, on_report)
        carrier.gpu = setup.gpu
        carrier.send(setup.to_json())
        started = cls(carrier, process)
        started._receiving = asyncio.create_task(carrier.run())
        return started

    async def ended(self) -> int:
        """Wait until the connection has ended, end the process, and return its exit code; negative for a signal."""
        await self.carrier.ended.wait()
        # Its connection is the first thing that a killed process loses; one that closes its sessions ends soon.
        try:
            return await asyncio.to_thread(self.process.wait, _END_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return await asyncio.to_thread(self.process.wait)

    def kill(self) -> None:
        """End the process at once."""
        self.process.kill()


def _start(connection: socket.socket) -> subprocess.Popen[bytes]:
    number = connection.fileno()
    # Media are not decoded where tokens are. The options for sessions are in the setup.
    environment = child_environment.without(os.environ, [child_environment.OPTIONS, child_environment.RAY])
    command = [sys.executable, "-m", _MODULE, str(number)]
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=(number,), env=environment)
