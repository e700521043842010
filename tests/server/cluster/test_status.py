"""What `GET /cluster` and `acutance cluster status` tell."""

import asyncio
import subprocess
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from acutance.server.cluster import status
from acutance.server.cluster.errors import ClusterError
from acutance.server.cluster.settings import AskOptions, DrainOptions
from acutance.server.students.ladder import Ladder
from tests.offers import VIDEO, offer
from tests.server.cluster.in_process import Cluster
from tests.server.http.test_openapi import SPECIFIED, check
from tests.server.peers import until


@pytest.fixture
async def cluster(ladder: Ladder) -> AsyncIterator[Cluster]:
    begun = await Cluster.begin(ladder, most=3)
    yield begun
    await begun.close()


async def test_nodes_are_listed_with_their_sessions_and_state(cluster: Cluster) -> None:
    client = cluster.client
    for _ in range(2):
        assert (await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"})).status == 200
    first, second = cluster.nodes
    cluster.host(first).begin_draining()
    await until(lambda: cluster.door.roster.carriers[first].report.draining)
    response = await client.get("/cluster")
    content = SPECIFIED["paths"]["/cluster"]["get"]["responses"]["200"]["content"]
    check(content["application/json"]["schema"], await response.json())
    nodes = {each["name"]: each for each in (await response.json())["nodes"]}
    assert {name: (each["state"], each["sessions"], each["max_sessions"]) for name, each in nodes.items()} == {
        first: ("draining", 1, 3),
        second: ("ok", 1, 3),
    }
    health = await (await client.get("/health")).json()
    assert (health["sessions"], health["max_sessions"]) == (2, 6)
    await cluster.kill(first)
    nodes = {each["name"]: each for each in (await (await client.get("/cluster")).json())["nodes"]}
    assert nodes[first]["state"] == "unreachable"


async def test_the_status_is_a_table_or_json(cluster: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    options = AskOptions(url=str(cluster.client.make_url("/")))
    nodes = await status.nodes(options)
    assert {each["name"] for each in nodes} == set(cluster.nodes)
    console = Console(width=140)
    console.print(status.table(nodes))
    printed = capsys.readouterr().out
    assert "2 nodes, 0 sessions" in printed
    assert all(name in printed for name in cluster.nodes)
    assert "0 of 3" in printed


def test_a_door_that_does_not_answer_is_one_line_of_error() -> None:
    with pytest.raises(ClusterError, match="does not answer as a door of a cluster does"):
        status.status(AskOptions(url="http://127.0.0.1:9"), as_json=True)


@pytest.mark.parametrize(
    ("status_code", "body", "message"),
    [
        (200, [], "does not answer as a door of a cluster does"),
        (200, {}, "does not answer as a door of a cluster does"),
        (502, ["bad gateway"], r"does not answer as a door of a cluster does \(status 502\)"),
        (401, {"message": "A token is needed."}, r"answers 401: A token is needed\."),
    ],
)
async def test_another_server_is_one_line_of_error(status_code: int, body: object, message: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(body, status=status_code)

    app = web.Application()
    app.router.add_get("/cluster", answer)
    async with TestServer(app) as server:
        with pytest.raises(ClusterError, match=message):
            await status.nodes(AskOptions(url=str(server.make_url("/"))))


def test_draining_needs_the_token_of_the_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "check_installed", lambda: None)
    with pytest.raises(ClusterError, match="give the cluster's token"):
        status.drain(DrainOptions(node="n1"))


async def test_the_head_that_the_node_names_is_told_to_drain_it(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, _ = cluster.nodes
    cluster.door.links._linked[name].member = cluster.members[name].model_copy(
        update={"machine": "m1", "head": "10.0.0.1:6380"}
    )
    commands: list[list[str]] = []

    def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
        commands.append(command[3:])
        return subprocess.CompletedProcess(command, int(command[3].startswith("10.0.0.9")), "", "it is away\n")

    monkeypatch.setattr(status, "check_installed", lambda: None)
    monkeypatch.setattr(subprocess, "run", run)
    url = str(cluster.client.make_url("/"))
    options = DrainOptions(node=name, url=url, cluster_token="0" * 32, drain=5)
    await asyncio.to_thread(status.drain, options)
    with pytest.raises(ClusterError, match="10\\.0\\.0\\.9:6379 does not drain the machine: it is away"):
        await asyncio.to_thread(status.drain, options.model_copy(update={"head": "10.0.0.9"}))
    assert commands == [["10.0.0.1:6380", "m1", "5.0"], ["10.0.0.9:6379", "m1", "5.0"]]
