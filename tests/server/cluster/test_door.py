"""Requests over HTTP to the door of a cluster of two nodes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from acutance.server.bench.cluster.placing import ClusterOptions
from acutance.server.bench.cluster.placing import cluster as place
from acutance.server.signalling.session_ids import split
from acutance.server.students.ladder import Ladder
from tests.offers import VIDEO, offer
from tests.server.cluster.in_process import Client, Cluster
from tests.server.peers import until
from tests.server.signalling.test_whip_conformance import FRAGMENT, SDP, SENDONLY, TRICKLED

WATCHING = offer(VIDEO.replace("sendrecv", "recvonly"))


@pytest.fixture
async def begin(ladder: Ladder) -> AsyncIterator[Callable[..., Any]]:
    begun: list[Cluster] = []

    async def start(**more: int) -> Cluster:
        begun.append(await Cluster.begin(ladder, **more))
        return begun[-1]

    yield start
    for each in begun:
        await each.close()


@pytest.fixture
async def cluster(begin: Callable[..., Any]) -> Cluster:
    begun: Cluster = await begin()
    return begun


async def _offer(client: Client, **fields: object) -> Any:
    return await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer", **fields})


async def _begun(client: Client, **fields: object) -> str:
    response = await _offer(client, **fields)
    body = await response.json()
    assert response.status == 200, body
    return str(body["url"])


def _node(url: str) -> str:
    return split(url.removeprefix("/session/"))[0]


async def test_sessions_are_spread_and_each_request_reaches_its_node(cluster: Cluster) -> None:
    client = cluster.client
    urls = [await _begun(client) for _ in range(8)]
    assert Counter(_node(url) for url in urls) == dict.fromkeys(cluster.nodes, 4)
    for url in urls:
        assert (await client.get(url)).status == 204
        assert (await client.patch(url, data=TRICKLED, headers=FRAGMENT)).status == 204
        own = split(url.removeprefix("/session/"))[1]
        assert cluster.host(_node(url)).registry.find(own) is not None
    for url in urls:
        assert (await client.delete(url)).status == 200
        assert (await client.get(url)).status == 404
    assert all(not cluster.host(name).registry.publishers for name in cluster.nodes)


async def test_sessions_of_a_lost_node_are_gone_and_new_ones_begin_elsewhere(cluster: Cluster) -> None:
    client = cluster.client
    urls = [await _begun(client) for _ in range(2)]
    lost, kept = urls
    await cluster.kill(_node(lost))
    assert (await client.get(lost)).status == 410
    assert (await client.patch(lost, data=TRICKLED, headers=FRAGMENT)).status == 410
    assert (await client.get(kept)).status == 204
    assert _node(await _begun(client)) == _node(kept)


async def test_exactly_as_many_sessions_as_the_nodes_admit(begin: Callable[..., Any]) -> None:
    cluster = await begin(most=3)
    urls = [await _begun(cluster.client) for _ in range(6)]
    assert sorted(Counter(map(_node, urls)).values()) == [3, 3]
    response = await _offer(cluster.client)
    assert (response.status, (await response.json())["error"]) == (503, "full")
    assert int(response.headers["Retry-After"]) > 0
    assert (await cluster.client.delete(urls[0])).status == 200
    assert _node(await _begun(cluster.client)) == _node(urls[0])


async def test_a_node_that_refuses_is_not_the_last_one_asked(cluster: Cluster) -> None:
    """It has begun to drain, and its report is still on the way."""
    first, second = cluster.nodes
    cluster.host(first).begin_draining()
    urls = [await _begun(cluster.client) for _ in range(3)]
    assert {_node(url) for url in urls} == {second}


async def test_a_draining_node_keeps_its_sessions_and_gets_no_new_ones(cluster: Cluster) -> None:
    client = cluster.client
    urls = [await _begun(client) for _ in range(4)]
    drained = _node(urls[0])
    cluster.host(drained).begin_draining()
    await until(lambda: cluster.door.roster.carriers[drained].report.draining)
    assert drained not in {_node(await _begun(client)) for _ in range(3)}
    for url in urls:
        assert (await client.get(url)).status == 204


async def test_players_go_where_the_stream_is(cluster: Cluster) -> None:
    client = cluster.client
    for name in ("one", "two"):
        response = await client.post(f"/whip/{name}", data=offer(SENDONLY), headers=SDP)
        assert response.status == 201
        publisher = response.headers["Location"]
        for _ in range(2):
            watched = await client.post(f"/whep/{name}", data=WATCHING, headers=SDP)
            assert watched.status == 201, await watched.text()
            assert _node(watched.headers["Location"]) == _node(publisher)
    response = await client.post("/whip/one", data=offer(SENDONLY), headers=SDP)
    assert response.status == 409
    listed = (await (await client.get("/streams")).json())["streams"]
    assert [each["name"] for each in listed] == ["one", "two"]


async def test_a_stream_of_a_lost_node_may_be_published_again(cluster: Cluster) -> None:
    client = cluster.client
    response = await client.post("/whip/one", data=offer(SENDONLY), headers=SDP)
    await cluster.kill(_node(response.headers["Location"]))
    assert (await client.post("/whep/one", data=WATCHING, headers=SDP)).status == 503
    assert (await client.post("/whip/one", data=offer(SENDONLY), headers=SDP)).status == 201


async def test_without_nodes_a_client_is_told_to_come_back(begin: Callable[..., Any]) -> None:
    cluster = await begin(nodes=0)
    response = await _offer(cluster.client)
    assert (response.status, (await response.json())["error"]) == (503, "no_worker")
    assert "Retry-After" in response.headers


async def test_a_node_that_responds_is_kept_when_announcements_are_lost(cluster: Cluster, ladder: Ladder) -> None:
    """Ray's head has been started again, and has forgotten them."""
    url = await _begun(cluster.client)
    cluster.announce(*cluster.nodes)
    assert (await cluster.client.get(url)).status == 204
    name = await cluster.add(ladder)
    assert len(cluster.door.links.members) == 3
    await cluster.kill(name)
    cluster.announce(name)
    assert name not in {each.name for each in cluster.door.links.members}


async def test_placements_reach_the_node_that_their_address_names(begin: Callable[..., Any]) -> None:
    """Sessions that begin and end: none is lost, and none is on another node than its address says."""
    cluster = await begin(nodes=3, most=20)
    used: Counter[str] = Counter()
    for _ in range(40):
        url = await _begun(cluster.client)
        used[_node(url)] += 1
        own = split(url.removeprefix("/session/"))[1]
        assert [cluster.host(name).registry.find(own) is not None for name in cluster.nodes].count(True) == 1
        assert cluster.host(_node(url)).registry.find(own) is not None
        assert (await cluster.client.delete(url)).status == 200
    assert set(used) <= set(cluster.nodes)


async def test_a_machine_that_stops_drains_its_node_and_still_places_sessions_elsewhere(ladder: Ladder) -> None:
    cluster = await Cluster.begin(ladder, nodes=1, machine="127.0.0.2")
    try:
        (second,) = cluster.nodes
        third = await cluster.add(ladder, host="127.0.0.2")
        urls = [await _begun(cluster.client) for _ in range(4)]
        assert {_node(url) for url in urls} == {second, third}
        cluster.door.begin_draining()
        waiting = asyncio.create_task(cluster.door.wait_for_last_publisher())
        await until(lambda: cluster.door.roster.carriers[third].report.draining)
        assert _node(await _begun(cluster.client)) == second
        assert (await cluster.client.get("/ready")).status == 503
        assert not waiting.done()
        for url in urls:
            if _node(url) == third:
                assert (await cluster.client.delete(url)).status == 200
        await asyncio.wait_for(waiting, 10)
    finally:
        await cluster.close()


async def test_the_benchmark_of_placing(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    options = ClusterOptions(url=str(cluster.client.make_url("/")), placements=12)
    await asyncio.to_thread(place, options)
    row = capsys.readouterr().out.splitlines()[-1]
    assert row.startswith("| 12 of 12 |")
    assert all(not cluster.host(name).registry.publishers for name in cluster.nodes)
