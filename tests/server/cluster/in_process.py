"""A cluster whose nodes are hosts in the test's own process, at the other end of real links."""

import asyncio
from dataclasses import dataclass, field

from aiohttp.test_utils import TestClient, TestServer

from acutance.server.assembly.http_parts import HttpParts
from acutance.server.cluster.door import ClusterDoor
from acutance.server.cluster.members import Announcement, Member
from acutance.server.cluster.node import Node
from acutance.server.forward.rules import ForwardRules
from acutance.server.http.app import create_door_app
from acutance.server.http.guard import Guard
from acutance.server.http.local_door import LocalDoor
from acutance.server.options.server import ServeOptions
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from acutance.server.workers.processes.figures import HostReporter
from acutance.server.workers.report import LoadReport
from tests.server.peers import until

TOKEN = "0123456789abcdef" * 2
Client = TestClient  # type: ignore[type-arg]


class Reporter(HostReporter):
    """Reports no load, however busy the test machine is: the numbers of sessions decide."""

    def load(self) -> LoadReport:
        return LoadReport()

    def limits(self) -> tuple[int | None, int | None]:
        limits = self.host.admission.limits
        return limits.max_sessions, limits.max_viewers


class OneProcess(LocalDoor):
    """The sessions of a node in the test's process."""

    @property
    def reporter(self) -> Reporter:
        return Reporter(self.host)


def one_process(ladder: Ladder, most: int) -> OneProcess:
    limits = AdmissionLimits(max_sessions=most, check_load=False)
    return OneProcess(Host(ladder, Limits(govern=False), limits), ForwardRules())


@dataclass
class Cluster:
    """A cluster of a test.

    Attributes:
        client: client of its first door.
        door: its first door.
        nodes: its nodes by name, as far as they are alive.
    """

    client: Client
    door: ClusterDoor
    nodes: dict[str, Node] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    _doors: list[ClusterDoor] = field(default_factory=list)
    _clients: list[Client] = field(default_factory=list)
    _beat: int = 0

    @classmethod
    async def begin(cls, ladder: Ladder, nodes: int = 2, most: int = 10, machine: str | None = None) -> "Cluster":
        door, client = await _open_door(machine)
        cluster = cls(client, door, _doors=[door], _clients=[client])
        for _ in range(nodes):
            await cluster.add(ladder, most)
        return cluster

    async def another_door(self) -> Client:
        """Open one more door, and return a client of it when it has linked all nodes."""
        door, client = await _open_door(None)
        self._doors.append(door)
        self._clients.append(client)
        self.announce()
        await until(lambda: door.roster.carriers.keys() == self.nodes.keys())
        return client

    async def add(self, ladder: Ladder, most: int = 10, host: str = "127.0.0.1") -> str:
        """Start a node, and return its name when the door has linked it."""
        node = Node(one_process(ladder, most), TOKEN, host, 1.0)
        member = await node.start()
        self.nodes[member.name] = node
        self.members[member.name] = member
        self.announce()
        await until(lambda: all(member.name in door.roster.carriers for door in self._doors))
        return member.name

    def announce(self, *without: str) -> None:
        """Announce all nodes again but these."""
        self._beat += 1
        entries = {
            name: Announcement(member=member, beat=self._beat).model_dump_json()
            for name, member in self.members.items()
            if name not in without
        }
        for door in self._doors:
            door.announced(entries)

    def host(self, name: str) -> Host:
        """Return the sessions of a node."""
        sessions = self.nodes[name].sessions
        assert isinstance(sessions, OneProcess)
        return sessions.host

    async def kill(self, name: str) -> None:
        """End a node as the end of its process does: its links close, and its port does."""
        await self.nodes.pop(name).close()
        await until(lambda: all(name not in door.roster.carriers for door in self._doors))

    async def close(self) -> None:
        for client in self._clients:
            await client.close()
        await asyncio.gather(*(node.close() for node in self.nodes.values()))


async def _open_door(machine: str | None) -> tuple[ClusterDoor, Client]:
    parts = HttpParts(Guard(), None, ForwardRules())
    door = ClusterDoor(ServeOptions(), parts, TOKEN, machine)
    client = TestClient(TestServer(create_door_app(door, parts.guard)))
    await client.start_server()
    return door, client
