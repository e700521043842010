"""A machine of a cluster: Ray, and a door beside it."""

import asyncio
import logging
import secrets
import signal
from collections.abc import Sequence
from contextlib import suppress

from acutance.server import logs
from acutance.server.assembly import learning
from acutance.server.assembly.http_parts import HttpParts, http_parts
from acutance.server.cluster.door import ClusterDoor
from acutance.server.cluster.errors import ClusterError
from acutance.server.cluster.members import parse
from acutance.server.cluster.node_setup import NodeSetup
from acutance.server.cluster.processes.environment import check_installed, ray_environment
from acutance.server.cluster.processes.programs import Program
from acutance.server.cluster.processes.ray_node import Place, RayNode
from acutance.server.cluster.safety import check_private, interface_addresses, own_address
from acutance.server.cluster.settings import DemoOptions, DoorOptions, HeadOptions, JoinOptions, MachineOptions
from acutance.server.options.server import ServeOptions
from acutance.server.options.values import revealed
from acutance.server.serve import serve_door

log = logging.getLogger(__name__)

_WATCH = "acutance.server.cluster.ray_side.watch"
_KEEP = "acutance.server.cluster.ray_side.keep"


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

    async def serve(self, port: int) -> None:
        watch = Program(_WATCH, [self._head], self._environment, lambda line: self._door.announced(parse(line)))
        rays = [RayNode(place, port, self._environment, self._beside(place)) for place in self._places]
        main = asyncio.current_task()
        assert main is not None
        with suppress(NotImplementedError):  # Windows, which Ray supports only in parts
            # Until the door listens for signals; Ray's processes must not be left behind.
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, main.cancel)
        try:
            if rays:
                log.info("Ray starts, which takes some seconds")
            for ray in rays:
                await ray.start()
            watch.start()
            await serve_door(self._options, self._parts, self._door, lambda: None)
        finally:
            await asyncio.gather(watch.close(), *(ray.stop_keeping() for ray in rays))
            # The head last: without it, the others would wait for it.
            for ray in reversed(rays):
                await ray.end()

    def _beside(self, place: Place) -> list[Program]:
        """Return the programs that run with the Ray of a place: one on the head keeps a node on each machine."""
        return [Program(_KEEP, [self._head, str(self._options.drain)], self._environment)] if place.head is None else []
