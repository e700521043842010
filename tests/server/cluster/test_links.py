"""Links to nodes that come and go, with an injected connection and clock."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from acutance.server.cluster.link import LinkError
from acutance.server.cluster.links import Links
from acutance.server.cluster.members import Member
from acutance.server.workers.processes.frames import write_frame
from acutance.server.workers.processes.messages import Reported
from acutance.server.workers.report import Report
from acutance.server.workers.roster import Roster
from tests.server.peers import until

MEMBER = Member(name="n1", host="10.0.0.1", port=1, fingerprint="f", processors=2)


class Network:
    """Connects to nodes that are sockets of the test; ``down`` makes each attempt fail."""

    def __init__(self) -> None:
        self.down = False
        self.attempts = 0
        self.pauses: list[float] = []
        self.far: list[asyncio.StreamWriter] = []

    async def dial(self, member: Member, token: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.attempts += 1
        if self.down:
            raise LinkError("no route")
        ours, theirs = socket.socketpair()
        _, writer = await asyncio.open_connection(sock=theirs)
        self.far.append(writer)
        return await asyncio.open_connection(sock=ours)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def report(self) -> None:
        write_frame(self.far[-1], Reported(report=Report()).model_dump_json().encode())


@pytest.fixture
def network() -> Network:
    return Network()


@pytest.fixture
async def links(network: Network) -> AsyncIterator[tuple[Links, Roster]]:
    roster = Roster()
    made = Links(roster, "token", network.dial, network.sleep)
    yield made, roster
    await made.close()
    for writer in network.far:
        writer.close()


async def test_a_node_takes_sessions_from_its_first_report_to_the_end_of_its_link(
    links: tuple[Links, Roster], network: Network
) -> None:
    made, roster = links
    made.update([MEMBER])
    await until(lambda: network.far)
    assert not roster.carriers
    network.report()
    await until(lambda: "n1" in roster.carriers)
    assert roster.carriers["n1"].share == 2
    network.far[-1].close()
    await until(lambda: network.attempts == 2)
    assert not roster.carriers
    network.report()
    await until(lambda: "n1" in roster.carriers)


async def test_attempts_become_rarer_while_a_node_does_not_answer(
    links: tuple[Links, Roster], network: Network
) -> None:
    network.down = True
    links[0].update([MEMBER])
    await until(lambda: len(network.pauses) >= 10)
    assert network.pauses[0] <= 0.25
    assert 3.75 <= network.pauses[9] <= 6.25
    links[0].update([])
    assert links[0].members == []
    attempts = network.attempts
    await asyncio.sleep(0)
    assert network.attempts - attempts <= 1
