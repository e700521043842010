"""The door of a cluster: places sessions on nodes, and passes other requests on to the node that they concern."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from contextlib import suppress
from random import Random
from typing import Any, override

from acutance.server.assembly import session_parts
from acutance.server.assembly.http_parts import HttpParts
from acutance.server.cluster.claims import Names
from acutance.server.cluster.description import described
from acutance.server.cluster.links import Links
from acutance.server.cluster.members import Members
from acutance.server.options.server import ServeOptions
from acutance.server.sessions.admission import Admission, AdmissionLimits, NotAdmittedError
from acutance.server.signalling import requests as asked
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load
from acutance.server.workers.carrier import CarrierLostError
from acutance.server.workers.front import Front, Tries
from acutance.server.workers.placement import by_twos
from acutance.server.workers.roster import Roster
from acutance.server.workers.summary import Summary

log = logging.getLogger(__name__)

# A node that does not answer within two seconds is probably lost; two more are tried.
_TRIES = Tries(seconds=2.0, most=3)
_DRAIN_S = 5.0


class ClusterDoor(Front):
    """The door of a cluster, without sessions of its own: each node has the limits of its sessions."""

    def __init__(self, options: ServeOptions, parts: HttpParts, token: str, machine: str | None = None):
        """Create it without nodes.

        Args:
            options: all options of `acutance serve`.
            parts: the parts of the HTTP server.
            token: the cluster's token.
            machine: private address of the machine that stops with this door; None for none.
        """
        random = Random()
        roster = Roster(
            order=lambda candidates: by_twos(candidates, random),
            # Of thousands of sessions on hundreds of nodes, no more is looked at than that order needs.
            draw=lambda nodes: sorted(nodes, key=lambda node: random.random()),
            enough=_TRIES.most + 1,
        )
        self._load, self._loop_lag = Load(roster.student_processors), LoopLag()
        limits = AdmissionLimits(
            max_sessions=sys.maxsize,
            max_viewers=sys.maxsize,
            check_load=False,
            quota=session_parts.quota(options),
            redirect=options.redirect,
        )
        admission = Admission(limits, roster, self._load, roster.next_process)
        summary = Summary(roster, admission, parts.guard.refusals, self._loop_lag, self._load)
        super().__init__(session_parts.network(options), roster, admission, parts.forwarding, summary, _TRIES)
        self.links = Links(roster, token)
        self._names = Names(roster)
        self._members = Members()
        self._machine = machine
        self._leaving = False
        self._tasks: list[asyncio.Task[None]] = []

    def announced(self, entries: Mapping[str, str]) -> None:
        """Take note of all announcements of nodes, see `Members.update`."""
        self.links.update(self._members.update(entries))

    async def start(self) -> None:
        """Begin to measure this process."""
        self._tasks = [asyncio.create_task(measured.watch()) for measured in (self._loop_lag, self._load)]

    @override
    def begin_draining(self) -> None:
        """Drain the nodes of this machine; new sessions are placed on others, such as those of pages that move."""
        if not self._leaving:
            self._leaving = True
            self._tasks += [asyncio.create_task(self._drain_node(name)) for name in self._own()]

    @override
    async def wait_for_last_publisher(self) -> None:
        """Return when the nodes of this machine have no sessions; others continue without this door."""
        await self.roster.wait_for_last_publisher(self._own())

    def _own(self) -> list[str]:
        return [each.name for each in self.links.members if each.host == self._machine]

    async def _drain_node(self, name: str) -> None:
        carrier = self.roster.carriers.get(name)
        if carrier is not None:
            with suppress(CarrierLostError):
                await carrier.ask(asked.Drain(), _DRAIN_S)

    @override
    async def _health(self, request: asked.ReadHealth) -> dict[str, Any]:
        health = await super()._health(request)
        return health | ({"status": "draining", "ready": False} if self._leaving else {})

    async def close(self) -> None:
        """End the links; sessions continue on their nodes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.links.close()

    @override
    async def _nodes(self, request: asked.ListNodes) -> list[dict[str, Any]]:
        nodes = [described(each, self.roster.carriers.get(each.name)) for each in self.links.members]
        return sorted(nodes, key=lambda each: (str(each["host"]), str(each["name"])))

    @override
    async def _place(self, request: asked.Request[Any], stream: str | None) -> Any:
        if any(each.responds for each in self.roster.carriers.values()) and not self.roster.by_load():
            raise NotAdmittedError(
                "All sessions of this cluster are in use: try again in a few seconds.", self._admission.limits.redirect
            )
        if stream is None:
            return await super()._place(request, stream)
        self.roster.check_free(stream)
        async with self._names.claimed(stream):
            return await super()._place(request, stream)
