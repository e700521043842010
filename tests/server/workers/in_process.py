"""A server whose carriers are hosts in the test's own process, at the other end of real connections."""

import asyncio
import socket
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from acutance.server.forward.rules import ForwardRules
from acutance.server.http.app import create_door_app
from acutance.server.http.guard import Guard
from acutance.server.http.local_door import LocalDoor
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.ice import Network
from acutance.server.sessions.admission import Admission, AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load
from acutance.server.workers.front import Front
from acutance.server.workers.processes.figures import HostReporter
from acutance.server.workers.processes.linked import WorkerCarrier
from acutance.server.workers.processes.serving import Serving
from acutance.server.workers.roster import Roster
from acutance.server.workers.summary import Summary

Client = TestClient  # type: ignore[type-arg]


@dataclass
class Worker:
    """A host in this process as a worker.

    Attributes:
        carrier: the accepting side's end of the connection.
        host: the sessions.
    """

    carrier: WorkerCarrier
    host: Host
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    connection: Any = None

    @classmethod
    async def begin(cls, name: str, ladder: Ladder, roster: Roster) -> "Worker":
        ours, theirs = socket.socketpair()
        carrier = WorkerCarrier(name, 1.0, *await asyncio.open_connection(sock=ours), roster.updated)
        host = Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=100, check_load=False))
        door = LocalDoor(host, ForwardRules())
        await door.start()
        reader, writer = await asyncio.open_connection(sock=theirs)
        worker = cls(carrier, host, connection=writer)
        serving = Serving(door, HostReporter(host), reader, writer)
        worker.tasks = [asyncio.create_task(carrier.run()), asyncio.create_task(serving.run())]
        roster.add(carrier)
        return worker

    async def die(self) -> None:
        """End as a killed process does: the connection closes, and nobody is told."""
        self.connection.close()
        await self.carrier.ended.wait()

    async def close(self) -> None:
        self.carrier.stop()
        self.connection.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.host.close()


class Placing(Front):
    """The door of the tests, which has no processes to start and to end."""

    def __init__(self, roster: Roster, limits: AdmissionLimits, refusals: Counter[str]):
        load = Load(roster.student_processors)
        self.admission = Admission(limits, roster, load, roster.next_process)
        summary = Summary(roster, self.admission, refusals, LoopLag(), load)
        super().__init__(Network(), roster, self.admission, ForwardRules(), summary)

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass


@dataclass
class Served:
    """The server of a test.

    Attributes:
        client: its client.
        roster: its carriers.
        workers: its workers, by name.
        door: its door.
    """

    client: Client
    roster: Roster
    workers: dict[str, Worker]
    door: Placing

    @classmethod
    async def begin(cls, ladder: Ladder, limits: AdmissionLimits, count: int = 2) -> "Served":
        roster, guard = Roster(), Guard()
        door = Placing(roster, limits, guard.refusals)
        names = [f"w{number}" for number in range(1, count + 1)]
        workers = {name: await Worker.begin(name, ladder, roster) for name in names}
        client = TestClient(TestServer(create_door_app(door, guard)))
        await client.start_server()
        return cls(client, roster, workers, door)

    async def kill(self, name: str) -> None:
        """Let a worker die."""
        worker = self.workers[name]
        await worker.die()
        self.roster.remove(worker.carrier)

    async def close(self) -> None:
        await self.client.close()
        for worker in self.workers.values():
            await worker.close()
