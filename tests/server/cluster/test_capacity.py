"""A cluster of real processes: how many sessions it places and where, and how a machine is drained under calls."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from aiohttp import ClientSession

from tests.offers import VIDEO, offer
from tests.server.cluster.demo import Demo, drain, node_of, running_demo
from tests.server.cluster.returning import ReturningPeer
from tests.server.peers import until
from tests.server.signalling.test_whip_conformance import FRAGMENT, TRICKLED

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

NODES, MOST = 3, 6
OFFER = {"sdp": offer(VIDEO), "type": "offer"}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    many = ("--max-handshakes", "100", "--handshake-timeout", "120", "--max-requests-per-minute", "1000000")
    steady = ("--no-governor", "--no-admission", "--max-sessions", str(MOST), "--drain", "20", *many)
    with running_demo(tmp_path_factory.mktemp("cluster"), NODES, *steady) as running:
        yield running


async def test_exactly_as_many_as_the_nodes_admit(demo: Demo) -> None:
    async with ClientSession(demo.url) as client:
        await demo.until_nodes(client, NODES)
        urls = []
        for _ in range(NODES * MOST):
            async with client.post("/offer", json=OFFER) as response:
                body = await response.json()
                assert response.status == 200, body
                urls.append(body["url"])
        assert sorted(Counter(map(node_of, urls)).values()) == [MOST] * NODES
        begun = time.monotonic()
        async with client.post("/offer", json=OFFER) as response:
            assert (response.status, (await response.json())["error"]) == (503, "full")
            assert int(response.headers["Retry-After"]) > 0
        refused = time.monotonic() - begun
        print(f"\n{len(urls)} sessions on {NODES} nodes, the next one refused after {1000 * refused:.0f} ms")
        assert refused < 2
        for url in urls:
            async with client.delete(url) as response:
                assert response.status == 200


async def test_a_thousand_placements(demo: Demo) -> None:
    async with ClientSession(demo.url) as client:
        await demo.until_nodes(client, NODES)
        seconds: list[float] = []
        nodes: Counter[str] = Counter()
        left = iter(range(1000))

        async def place() -> None:
            for _ in left:
                begun = time.monotonic()
                async with client.post("/offer", json=OFFER) as response:
                    body = await response.json()
                    assert response.status == 200, body
                seconds.append(time.monotonic() - begun)
                url = body["url"]
                nodes[node_of(url)] += 1
                # The session is where its URL says: only its own worker answers with 204.
                async with client.patch(url, data=TRICKLED, headers=FRAGMENT) as response:
                    assert response.status == 204
                async with client.delete(url) as response:
                    assert response.status == 200
                async with client.get(url) as response:
                    assert response.status == 404

        begun = time.monotonic()
        await asyncio.gather(*(place() for _ in range(4)))
        took = time.monotonic() - begun
        p50, p95 = 1000 * np.percentile(seconds, [50, 95])
        print(f"\n1000 placements in {took:.0f} s: p50 {p50:.0f} ms, p95 {p95:.0f} ms, longest {max(seconds):.2f} s")
        print(f"sessions of each node: {sorted(nodes.values())}")
        assert sum(nodes.values()) == 1000
        assert len(nodes) == NODES


async def test_a_drained_machine(demo: Demo) -> None:
    async with ClientSession(demo.url) as client:
        await demo.until_nodes(client, NODES)
        peers = [ReturningPeer(client) for _ in range(6)]
        try:
            for peer in peers:
                await peer.start()
            await asyncio.sleep(2)
            name = node_of(peers[0].urls[-1])
            at = time.monotonic()
            await asyncio.to_thread(drain, demo, name)
            await until(lambda: all(node_of(each.urls[-1]) != name for each in peers), 60)
            await asyncio.sleep(2)
            gaps = [round(each.longest_gap(at), 2) for each in peers]
            print(f"\ndrained machine: longest gaps {gaps} s, {[len(each.urls) for each in peers]} sessions")
            for _ in range(5):
                async with client.post("/offer", json=OFFER) as response:
                    url = (await response.json())["url"]
                assert node_of(url) != name
                async with client.delete(url) as response:
                    assert response.status == 200
            # Moved, not lost: nobody has waited for a silence.
            assert max(gaps) < 0.6
        finally:
            for peer in peers:
                await peer.close()
