"""A machine of a cluster: Ray, and a door beside it."""

import asyncio
import logging
import secrets
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from acutance.server import logs
from acutance.server.assembly import learning
from acutance.server.assembly.http_parts import HttpParts, http_parts
from acutance.server.cluster.door import ClusterDoor
from acutance.server.cluster.environment import check_installed, ray_environment, start_command
from acutance.server.cluster.errors import ClusterError
from acutance.server.cluster.members import parse
from acutance.server.cluster.node_setup import NodeSetup
from acutance.server.cluster.programs import Daemon, Program
from acutance.server.cluster.safety import check_private, interface_addresses, own_address
from acutance.server.cluster.settings import DemoOptions, DoorOptions, HeadOptions, JoinOptions, MachineOptions
from acutance.server.options.server import ServeOptions
from acutance.server.options.values import revealed
from acutance.server.serve import serve_door

log = logging.getLogger(__name__)

_SIGN = "Ray runtime started"
_SLOW, _RETRIES = "timed out during startup", 3
_WATCH = "acutance.server.cluster.ray_side.watch"
_PAUSE_S = 2.0
_KEEP = "acutance.server.cluster.ray_side.keep"


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


def head(options: HeadOptions) -> None:
    """Run the first machine of a cluster until a signal.

    Raises:
        AssemblyError, ClusterError, ServeError: it cannot start.
    """
    address = _checked_address(options)
    token = revealed(options.cluster_token) or _new_token()
    place = Place(address, None, options.carry)
    if options.cluster_token is None:
        print(
            f"On each further machine:  ACUTANCE_CLUSTER_TOKEN={token} acutance cluster join {address}"
            f"{'' if options.cluster_port == 6379 else f' --cluster-port {options.cluster_port}'}",
            flush=True,
        )
    _run(options, token, options.cluster_port, [place], address)


def join(options: JoinOptions) -> None:
    """Run one more machine of a cluster until a signal; it is drained first.

    Raises:
        AssemblyError, ClusterError, ServeError: it cannot start.
    """
    address = _checked_address(options)
    token = revealed(options.cluster_token)
    if token is None:
        raise ClusterError("give the token that `acutance cluster head` has printed, as ACUTANCE_CLUSTER_TOKEN")
    _run(options, token, options.cluster_port, [Place(address, options.head, options.carry)], options.head)


def door(options: DoorOptions) -> None:
    """Run one more door of a cluster until a signal.

    Raises:
        AssemblyError, ClusterError, ServeError: it cannot start.
    """
    token = revealed(options.cluster_token)
    if token is None:
        raise ClusterError("give the cluster's token, as ACUTANCE_CLUSTER_TOKEN")
    _run(options, token, options.cluster_port, [], options.head)


def demo(options: DemoOptions) -> None:
    """Run a cluster on this machine alone until a signal.

    Raises:
        AssemblyError, ClusterError, ServeError: it cannot start.
    """
    address = own_address()
    check_private(address, interface_addresses(), options.firewalled)
    places = [Place(address, None, carries=False), *[Place(address, address, carries=True)] * options.nodes]
    _run(options, revealed(options.cluster_token) or _new_token(), options.cluster_port, places, address)


def _checked_address(options: MachineOptions) -> str:
    address = options.address or own_address()
    check_private(address, interface_addresses(), options.firewalled)
    return address


def _new_token() -> str:
    return secrets.token_hex(24)


def _run(options: ServeOptions, token: str, port: int, places: Sequence[Place], head: str) -> None:
    check_installed()
    parts = http_parts(options)
    learning.check(options)
    logs.set_up(options.log_level, options.log_format, options.log_addresses)
    # The options for sessions; those of the cluster are not among them.
    environment = ray_environment(token, NodeSetup.of(options, places[0].address).variables() if places else None)
    stops = places[0].address if len(places) == 1 else None
    door = ClusterDoor(options, parts, token, stops)
    machine = _Machine(options, parts, environment, places, f"{head}:{port}", door)
    try:
        asyncio.run(machine.serve(port))
    except asyncio.CancelledError:  # SIGTERM while Ray was starting
        raise KeyboardInterrupt from None


class _Machine:
    """Ray's processes, the programs that speak to Ray, and the door of one machine."""

    def __init__(
        self,
        options: ServeOptions,
        parts: HttpParts,
        environment: dict[str, str],
        places: Sequence[Place],
        head: str,
        door: ClusterDoor,
    ):
        self._options = options
        self._parts = parts
        self._environment = environment
        self._places = places
        self._head = head
        self._door = door
        self._rays: list[Daemon] = []

    async def serve(self, port: int) -> None:
        programs = [
            Program(_WATCH, [self._head], self._environment, lambda line: self._door.announced(parse(line))),
        ]
        if any(place.head is None for place in self._places):
            programs.append(Program(_KEEP, [self._head, str(self._options.drain)], self._environment))
        main = asyncio.current_task()
        assert main is not None
        with suppress(NotImplementedError):  # Windows, which Ray supports only in parts
            # Until the door listens for signals; Ray's processes must not be left behind.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main.cancel)
        keeping: list[asyncio.Task[None]] = []
        try:
            if self._places:
                log.info("Ray starts, which takes some seconds")
            for place in self._places:
                daemon = await self._start_first(place, port)
                keeping.append(asyncio.create_task(self._keep_ray(daemon, place, port)))
            for program in programs:
                program.start()
            await serve_door(self._options, self._parts, self._door, lambda: None)
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, *(program.close() for program in programs), return_exceptions=True)
            # The head last: without it, the others would wait for it.
            for daemon in reversed(self._rays):
                await daemon.end()

    async def _start_first(self, place: Place, port: int) -> Daemon:
        """Start Ray; on a busy host it needs more than the 30 s that it gives itself, so this is called one by one."""
        for _ in range(_RETRIES):
            try:
                return await self._start_ray(place, port)
            except ClusterError as error:
                if _SLOW not in str(error):
                    raise
                log.warning("Ray has not started within 30 s: trying again")
        return await self._start_ray(place, port)

    async def _start_ray(self, place: Place, port: int) -> Daemon:
        command = start_command(place.address, place.head, port, place.carries)
        try:
            daemon = await Daemon.start(command, self._environment, _SIGN)
        except ChildProcessError as error:
            raise ClusterError(f"Ray does not start:\n{error}") from error
        self._rays.append(daemon)
        return daemon

    async def _keep_ray(self, daemon: Daemon, place: Place, port: int) -> None:
        """Start Ray again whenever it ends: a head that has lost a process, or a machine that has lost the head."""
        while True:
            code = await daemon.ended()
            self._rays.remove(daemon)
            log.error("Ray has ended with code %d: it is started again", code)
            while True:
                await asyncio.sleep(_PAUSE_S)
                try:
                    daemon = await self._start_ray(place, port)
                except ClusterError as error:
                    log.error("%s", error)
                else:
                    break
