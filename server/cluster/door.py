"""The door of a cluster: places sessions on nodes, and passes other requests on to the node that they concern."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from typing import Any, override

from acutance.server.assembly import session_parts
from acutance.server.assembly.http_parts import HttpParts
from acutance.server.cluster.description import described
from acutance.server.cluster.links import Links
from acutance.server.cluster.members import Members
from acutance.server.options.server import ServeOptions
from acutance.server.sessions.admission import Admission, AdmissionLimits, NotAdmittedError
from acutance.server.signalling import requests as asked
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load
from acutance.server.workers.front import Front, Tries
from acutance.server.workers.roster import Roster
from acutance.server.workers.summary import Summary

log = logging.getLogger(__name__)

# A node that does not answer within two seconds is probably lost; two more are tried.
_TRIES = Tries(seconds=2.0, most=3)


class ClusterDoor(Front):
    """The door of a cluster, without sessions of its own: each node has the limits of its sessions."""

    def __init__(self, options: ServeOptions, parts: HttpParts, token: str):
        """Create it without nodes.

        Args:
            options: all options of `acutance serve`.
            parts: the parts of the HTTP server.
            token: the cluster's token.
        """
        roster = Roster()
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
        self._members = Members()
        self._tasks: list[asyncio.Task[None]] = []

    def announced(self, entries: Mapping[str, str]) -> None:
        """Take note of all announcements of nodes, see `Members.update`."""
        self.links.update(self._members.update(entries))

    async def start(self) -> None:
        """Begin to measure this process."""
        self._tasks = [asyncio.create_task(measured.watch()) for measured in (self._loop_lag, self._load)]

    @override
    async def wait_for_last_publisher(self) -> None:
        """Return at once: sessions are on the nodes, and continue without this door."""

    async def close(self) -> None:
        """End the links; sessions continue on their nodes."""
        self.begin_draining()
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
        return await super()._place(request, stream)
