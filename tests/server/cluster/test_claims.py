"""Names of streams are taken in the whole cluster: two doors that are asked for the same one at the same time."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from acutance.server.cluster.claims import Claims
from acutance.server.signalling.requests import ClaimStream
from acutance.server.students.ladder import Ladder
from tests.offers import offer
from tests.server.cluster.in_process import Client, Cluster
from tests.server.peers import until
from tests.server.signalling.test_whip_conformance import SDP, SENDONLY


def _claim(holder: str, seconds: float = 5, stream: str = "one") -> ClaimStream:
    return ClaimStream(stream=stream, holder=holder, seconds=seconds)


def test_a_name_is_claimed_by_one_door_until_it_gives_it_back_or_time_has_passed() -> None:
    now = 0.0
    claims = Claims(lambda: now)
    assert claims.claim(_claim("a"))
    assert not claims.claim(_claim("b"))
    assert claims.claim(_claim("b", stream="two"))
    assert claims.claim(_claim("a"))
    now = 5.0
    assert claims.claim(_claim("b"))
    assert not claims.claim(_claim("a"))
    assert claims.claim(_claim("b", 0))
    assert claims.claim(_claim("a"))


@pytest.fixture
async def cluster(ladder: Ladder) -> AsyncIterator[Cluster]:
    begun = await Cluster.begin(ladder, nodes=3, most=20)
    yield begun
    await begun.close()


async def _publish(client: Client, name: str) -> tuple[int, str]:
    response = await client.post(f"/whip/{name}", data=offer(SENDONLY), headers=SDP)
    return response.status, response.headers.get("Location") or (await response.json())["error"]


async def test_one_of_two_publishers_at_two_doors_gets_the_name(cluster: Cluster) -> None:
    doors = [cluster.client, await cluster.another_door()]
    for number in range(6):
        name = f"stream{number}"
        (won, location), (lost, error) = sorted(await asyncio.gather(*(_publish(door, name) for door in doors)))
        assert (won, lost, error) == (201, 409, "taken")
        listed = (await (await doors[0].get("/streams")).json())["streams"]
        assert [each["name"] for each in listed].count(name) == 1
        assert (await doors[1].get(location)).status == 204


async def test_one_of_many_publishers_at_one_door_gets_the_name(cluster: Cluster) -> None:
    results = await asyncio.gather(*(_publish(cluster.client, "one") for _ in range(4)))
    assert sorted(status for status, _ in results) == [201, 409, 409, 409]


async def test_a_name_is_free_again_when_its_publisher_was_refused_or_has_ended(cluster: Cluster) -> None:
    first, second = cluster.client, await cluster.another_door()
    response = await first.post("/whip/one", data="no offer", headers=SDP)
    assert response.status == 400
    status, location = await _publish(second, "one")
    assert status == 201
    assert (await second.delete(location)).status == 200
    status, location = await _publish(second, "one")
    assert status == 201
    assert (await _publish(first, "one"))[0] == 409


async def test_names_are_claimed_without_the_nodes_that_do_not_answer(cluster: Cluster) -> None:
    doors = [cluster.client, await cluster.another_door()]
    killed, *_ = cluster.nodes
    await cluster.kill(killed)
    for number in range(4):
        results = await asyncio.gather(*(_publish(door, f"stream{number}") for door in doors))
        assert sorted(status for status, _ in results) == [201, 409]
    await until(lambda: len(cluster.door.roster.carriers) == 2)
