"""Keeps Ray running on this machine, and beside it the programs that need it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from acutance.server.cluster.errors import ClusterError
from acutance.server.cluster.processes.environment import start_command
from acutance.server.cluster.processes.folder import VARIABLE, private_folder
from acutance.server.cluster.processes.programs import Daemon, Program

log = logging.getLogger(__name__)

_SIGN = "Ray runtime started"
_SLOW, _RETRIES = "timed out during startup", 3
_PAUSE_S = 2.0
# Seconds for which Ray waits at SIGTERM until nothing runs on the machine. The door has drained the sessions before,
# and the head would wait in vain for Ray Serve's own process.
_DRAIN = "RAY_GRACEFUL_SHUTDOWN_DRAIN_TIMEOUT_S"
_MACHINE_DRAIN_S, _HEAD_DRAIN_S = "10", "0"

type Start = Callable[[Sequence[str], Mapping[str, str], str], Awaitable[Daemon]]


@dataclass(frozen=True)
class Place:
    """Where a Ray node is to run.

    Attributes:
        address: private address of this machine.
        head: address of the head; None if this is the head.
        carries: whether it carries sessions.
    """

    address: str
    head: str | None
    carries: bool


class RayNode:
    """One node of Ray, which is started again whenever it ends. Belongs to one event loop."""

    def __init__(
        self,
        place: Place,
        port: int,
        environment: Mapping[str, str],
        programs: Sequence[Program] = (),
        start: Start = Daemon.start,
    ):
        """Create it; it runs from `start` on.

        Args:
            place: where it runs.
            port: TCP port of the head.
            environment: of Ray's processes.
            programs: run as long as it does: Ray ends them with itself, and they cannot start without it.
            start: starts Ray with a command, an environment, and the sign that it has started.
        """
        self._place, self._port = place, port
        self._environment = {_DRAIN: _MACHINE_DRAIN_S if place.head else _HEAD_DRAIN_S, **environment}
        self._programs = programs
        self._start_daemon = start
        self._daemon: Daemon | None = None
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start Ray, and return when it has started.

        Raises:
            ClusterError: it does not start.
        """
        self._daemon = await self._start_first()
        for program in self._programs:
            program.start()
        self._keeping = asyncio.create_task(self._keep(self._daemon))

    async def stop_keeping(self) -> None:
        """End the programs, and do not start Ray again."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self._close_programs()

    async def end(self) -> None:
        """End Ray; call `stop_keeping` before."""
        if self._daemon is not None:
            await self._daemon.end()

    async def _close_programs(self) -> None:
        await asyncio.gather(*(program.close() for program in self._programs))

    async def _start_first(self) -> Daemon:
        """Start Ray; on a busy host it may need more than the 30 s that it gives itself."""
        for _ in range(_RETRIES):
            try:
                return await self._start_ray()
            except ClusterError as error:
                if _SLOW not in str(error):
                    raise
                log.warning("Ray has not started within 30 s: trying again")
        return await self._start_ray()

    async def _start_ray(self) -> Daemon:
        place = self._place
        try:
            folder = private_folder()
            command = start_command(place.address, place.head, self._port, place.carries, folder)
            return await self._start_daemon(command, {**self._environment, VARIABLE: str(folder)}, _SIGN)
        except OSError as error:
            raise ClusterError(f"Ray does not start:\n{error}") from error

    async def _keep(self, daemon: Daemon) -> None:
        """Start Ray again whenever it ends: a head that has lost a process, or a machine that has lost the head."""
        while True:
            code = await daemon.ended()
            self._daemon = None
            log.error("Ray has ended with code %d: it is started again", code)
            await self._close_programs()
            daemon = self._daemon = await self._start_again()
            log.info("Ray has been started again")
            for program in self._programs:
                program.start()

    async def _start_again(self) -> Daemon:
        while True:
            await asyncio.sleep(_PAUSE_S)
            try:
                return await self._start_ray()
            except ClusterError as error:
                log.error("%s", error)
