"""Keeps a link to each node of the cluster."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from acutance.server.cluster.link import LinkError, dial
from acutance.server.cluster.members import Member
from acutance.server.workers.processes.linked import LinkedCarrier
from acutance.server.workers.roster import Roster

log = logging.getLogger(__name__)

# Pauses between attempts to reach a node.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 5.0

type Dial = Callable[[Member, str], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@dataclass
class _Linked:
    member: Member
    task: asyncio.Task[None] | None = None
    carrier: LinkedCarrier | None = None

    @property
    def responds(self) -> bool:
        return self.carrier is not None and self.carrier.responds


class Links:
    """Adds each node that can be reached to a roster, and removes it when its link ends. Belongs to one event loop."""

    def __init__(
        self,
        roster: Roster,
        token: str,
        dial: Dial = dial,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ):
        """Create it without links.

        Args:
            roster: gets the nodes that take sessions.
            token: the cluster's token.
            dial: connects to a node.
            sleep: pauses for some seconds.
        """
        self._roster = roster
        self._token = token
        self._dial = dial
        self._sleep = sleep
        self._linked: dict[str, _Linked] = {}

    @property
    def members(self) -> list[Member]:
        """The nodes to which there is a link, or to be one."""
        return [each.member for each in self._linked.values()]

    def update(self, members: Sequence[Member]) -> None:
        """Begin links to new nodes, and give up those to nodes that neither announce themselves nor respond.

        A node that responds is kept even if it is not announced: announcements are lost with Ray's head.
        """
        named = {each.name for each in members}
        for name, linked in list(self._linked.items()):
            if name not in named and not linked.responds and linked.task is not None:
                linked.task.cancel()
                del self._linked[name]
        for member in members:
            if member.name not in self._linked:
                linked = self._linked[member.name] = _Linked(member)
                linked.task = asyncio.create_task(self._keep(linked))

    async def close(self) -> None:
        """End all links."""
        tasks = [each.task for each in self._linked.values() if each.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._linked.clear()

    async def _keep(self, linked: _Linked) -> None:
        pause = _FIRST_PAUSE_S
        while True:
            try:
                reader, writer = await self._dial(linked.member, self._token)
            except LinkError as error:
                log.warning("%s", error)
            else:
                pause = _FIRST_PAUSE_S
                await self._carry(linked, reader, writer)
            # Random, so that all doors of a cluster do not come back to a node at the same moment.
            await self._sleep(pause * random.uniform(0.75, 1.25))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    async def _carry(self, linked: _Linked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Have the node in the roster from its first report until the link ends."""
        member = linked.member
        carrier = LinkedCarrier(member.name, member.processors, reader, writer, self._reported)
        linked.carrier = carrier
        try:
            await carrier.run()
        finally:
            linked.carrier = None
            lost = len(carrier.report.sessions)
            self._roster.remove(carrier)
            log.info("node %s at %s is not linked any more; it had %d session(s)", member.name, member.host, lost)

    def _reported(self, carrier: LinkedCarrier) -> None:
        if carrier.name in self._roster.carriers:
            self._roster.updated(carrier)
        else:
            log.info("node %s takes sessions", carrier.name)
            self._roster.add(carrier)
