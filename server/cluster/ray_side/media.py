"""The deployment of Ray Serve that carries the sessions of one machine."""

import asyncio
import logging
import os
from collections import Counter
from contextlib import suppress
from time import monotonic

import ray

from acutance.model.processors import usable_processors
from acutance.server import logs
from acutance.server.assembly.http_parts import forward_rules
from acutance.server.cluster.members import ANNOUNCE_S, Announcement, Member
from acutance.server.cluster.node import Node
from acutance.server.cluster.node_setup import NodeSetup, cluster_token
from acutance.server.cluster.ray_side.ray_private import Head, HeadLostError
from acutance.server.workers.fleet import Fleet
from acutance.server.workers.share import worker_count

log = logging.getLogger(__name__)

# A resource of the machines that carry sessions, see `environment.start_command`.
RESOURCE = "acutance"
# Without a worker for so long, the node is started again: longer than the replacement of a worker takes.
_WITHOUT_WORKERS_S = 60.0


class Media:
    """The sessions of one machine, in worker processes without Ray. A replica of Serve, which starts and drains it."""

    async def __init__(self) -> None:  # type: ignore[misc]  # Serve awaits it
        """Start the worker processes, and announce the node to the doors."""
        setup = NodeSetup.of_environment()
        options, context = setup.options, ray.get_runtime_context()
        logs.set_up(options.log_level, options.log_format, options.log_addresses, "node")
        # Ray limits the threads of numerical libraries to its own idea of the share of a process.
        os.environ.pop("OMP_NUM_THREADS", None)
        forwarding = forward_rules(options, authenticated=True)
        self._fleet = Fleet(options, forwarding, Counter(), worker_count(options.workers))
        self._drain_s = options.drain
        self._ready_at = monotonic()
        host = setup.address or ray.util.get_node_ip_address()
        machine, head = context.get_node_id(), context.gcs_address
        self._node = Node(self._fleet, cluster_token(), host, usable_processors(), machine, head)
        self._head = Head(head)
        self._member = await self._node.start()
        self._announcing = asyncio.create_task(_announce(self._head, self._member))

    async def check_health(self) -> None:
        """Raise an exception if the node has to be started again; a blocked event loop does not reply."""
        if self._fleet.roster.carriers:
            self._ready_at = monotonic()
        elif monotonic() - self._ready_at > _WITHOUT_WORKERS_S:
            raise RuntimeError("no worker process could be started")

    async def __del__(self) -> None:
        """Let the sessions end, at most for the seconds of ``--drain``; called by Serve before it ends the replica."""
        await self._node.drain(self._drain_s)
        self._announcing.cancel()
        with suppress(HeadLostError):  # it forgets the node by itself
            await asyncio.to_thread(self._head.withdraw, self._member.name)
        await self._node.close()


async def _announce(head: Head, member: Member) -> None:
    beat = 0
    while True:
        beat += 1
        try:
            await asyncio.to_thread(
                head.announce, member.name, Announcement(member=member, beat=beat).model_dump_json()
            )
        except HeadLostError as error:  # doors that are linked need no announcement
            log.warning("the node cannot be announced (%s): trying again in %g s", error, ANNOUNCE_S)
        await asyncio.sleep(ANNOUNCE_S)
