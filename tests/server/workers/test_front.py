"""Requests over HTTP to a server with two workers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acutance.server.security.quota import Quota
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.signalling.session_ids import split
from acutance.server.students.ladder import Ladder
from acutance.server.workers.processes import figures
from acutance.server.workers.report import LoadReport
from tests.offers import VIDEO, offer
from tests.server.http.test_openapi import SPECIFIED, check
from tests.server.peers import until
from tests.server.signalling.test_whip_conformance import FRAGMENT, SDP, SENDONLY, TRICKLED
from tests.server.workers.in_process import Client, Served

WATCHING = offer(VIDEO.replace("sendrecv", "recvonly"))


@pytest.fixture(autouse=True)
def idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers report no load, however busy the test machine is: the numbers of sessions decide."""
    monkeypatch.setattr(figures, "load_report", lambda host: LoadReport())


@pytest.fixture
async def serve(ladder: Ladder) -> AsyncIterator[Callable[..., Any]]:
    started: list[Served] = []

    async def start(limits: AdmissionLimits | None = None) -> Served:
        limits = limits or AdmissionLimits(max_sessions=20, check_load=False)
        started.append(await Served.begin(ladder, limits))
        return started[-1]

    yield start
    for each in started:
        await each.close()


@pytest.fixture
async def served(serve: Callable[..., Any]) -> Served:
    started: Served = await serve()
    return started


async def _offer(client: Client, **fields: object) -> str:
    response = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer", **fields})
    body = await response.json()
    assert response.status == 200, body
    return str(body["url"])


def _worker(url: str) -> str:
    return split(url.removeprefix("/session/"))[0]


async def test_sessions_are_spread_and_each_request_reaches_its_worker(served: Served) -> None:
    client = served.client
    urls = [await _offer(client) for _ in range(6)]
    assert sorted(_worker(url) for url in urls) == ["w1"] * 3 + ["w2"] * 3
    for url in urls:
        assert (await client.get(url)).status == 204
        assert (await client.patch(url, data=TRICKLED, headers=FRAGMENT)).status == 204
        assert (await client.patch(url, data=TRICKLED, headers=FRAGMENT | {"If-Match": '"x"'})).status == 412
    for url in urls:
        assert (await client.delete(url)).status == 200
        assert (await client.get(url)).status == 404
    assert all(not len(worker.host.registry.publishers) for worker in served.workers.values())


@pytest.mark.parametrize("path", ["/session/w1.none", "/session/none", "/session/w9.none"])
async def test_an_unknown_session_is_not_found(served: Served, path: str) -> None:
    for method in ("GET", "DELETE", "PATCH"):
        response = await served.client.request(method, path)
        assert (response.status, (await response.json())["error"]) == (404, "not_found")


async def test_a_viewer_is_placed_where_the_publisher_is(served: Served) -> None:
    client = served.client
    published = [await client.post(f"/whip/{name}", data=SENDONLY, headers=SDP) for name in ("a", "b", "c")]
    at = {name: _worker(each.headers["Location"]) for name, each in zip("abc", published, strict=True)}
    assert set(at.values()) == {"w1", "w2"}
    for name in "abc":
        watching = await client.post(f"/whep/{name}", data=WATCHING, headers=SDP)
        assert watching.status == 201, await watching.text()
        assert _worker(watching.headers["Location"]) == at[name]
    streams = (await (await client.get("/streams")).json())["streams"]
    assert [each["name"] for each in streams] == ["a", "b", "c"]
    assert (await client.post("/whep/d", data=WATCHING, headers=SDP)).status == 404


async def test_a_name_is_taken_on_all_workers_until_its_stream_ends(served: Served) -> None:
    client = served.client
    first = await client.post("/whip/stage", data=SENDONLY, headers=SDP)
    assert (await client.post("/whip/stage", data=SENDONLY, headers=SDP)).status == 409
    refused = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer", "stream": "stage"})
    assert (refused.status, (await refused.json())["error"]) == (409, "taken")
    await client.delete(first.headers["Location"])
    assert (await client.post("/whep/stage", data=WATCHING, headers=SDP)).status == 503, "it may come back"
    assert (await client.post("/whip/stage", data=SENDONLY, headers=SDP)).status == 201


async def test_limits_count_the_sessions_of_all_workers(serve: Callable[..., Any]) -> None:
    limits = AdmissionLimits(max_sessions=3, max_viewers=1, check_load=False, quota=Quota(handshakes=5))
    served = await serve(limits)
    client = served.client
    urls = [(await client.post(f"/whip/{n}", data=SENDONLY, headers=SDP)).headers["Location"] for n in range(3)]
    refused = await client.post("/whip/d", data=SENDONLY, headers=SDP)
    assert (refused.status, (await refused.json())["error"]) == (503, "full")
    assert (await client.post("/whep/0", data=WATCHING, headers=SDP)).status == 201
    assert (await client.post("/whep/1", data=WATCHING, headers=SDP)).status == 503
    await client.delete(urls[0])
    assert (await client.post("/whip/d", data=SENDONLY, headers=SDP)).status == 201
    served.door.begin_draining()
    refused = await client.post("/whip/e", data=SENDONLY, headers=SDP)
    assert (refused.status, (await refused.json())["error"]) == (503, "draining")


async def test_errors_of_a_worker_reach_the_client(served: Served) -> None:
    response = await served.client.post("/offer", data=b"{")
    assert (response.status, (await response.json())["error"]) == (400, "not_json")
    response = await served.client.post("/whip/a b", data=SENDONLY, headers=SDP)
    assert (response.status, (await response.json())["error"]) == (400, "bad_stream")
    response = await served.client.post("/whip/a", data=b"", headers={"Content-Type": "text/plain"})
    assert (response.status, (await response.json())["error"]) == (415, "wrong_type")


async def test_after_the_end_of_a_worker_its_sessions_are_gone_and_new_ones_go_elsewhere(served: Served) -> None:
    client = served.client
    urls = {_worker(url): url for url in [await _offer(client), await _offer(client, stream="b")]}
    await served.kill("w2")
    response = await client.get(urls["w2"])
    assert (response.status, (await response.json())["error"]) == (410, "gone")
    assert (await client.patch(urls["w2"], data=TRICKLED, headers=FRAGMENT)).status == 410
    assert (await client.get(urls["w1"])).status == 204
    assert _worker(await _offer(client)) == "w1"
    health = await (await client.get("/health")).json()
    assert (health["status"], health["sessions"]) == ("ok", 2)
    await served.kill("w1")
    response = await client.post("/offer", json={"sdp": offer(VIDEO), "type": "offer"})
    assert (response.status, (await response.json())["error"]) == (503, "no_worker")
    assert (await client.get("/ready")).status == 503


async def test_health_is_summed(served: Served) -> None:
    client = served.client
    published = [await client.post(f"/whip/{name}", data=SENDONLY, headers=SDP) for name in "abc"]
    first, second, third = (_worker(each.headers["Location"]) for each in published)
    assert first == third != second
    await client.post("/whep/a", data=WATCHING, headers=SDP)
    health = await (await client.get("/health")).json()
    assert (health["status"], health["ready"], health["sessions"], health["viewers"]) == ("ok", True, 3, 1)
    assert (health["max_sessions"], health["student"]) == (20, "small")
    assert {each["name"]: each["sessions"] + each["viewers"] for each in health["workers"]} == {first: 3, second: 1}
    check(SPECIFIED["components"]["schemas"]["Health"], health)


async def test_metrics_are_summed_and_never_decrease(served: Served) -> None:
    client = served.client

    async def read(name: str, **labels: str) -> float:
        text = await (await client.get("/metrics")).text()
        samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
        (value,) = [each.value for each in samples if each.name == name and each.labels.items() >= labels.items()]
        return value

    for name in "abc":
        await client.post(f"/whip/{name}", data=SENDONLY, headers=SDP)
    await client.post("/offer", data=b"{")
    assert await read("acutance_sessions_opened_total") == 3
    assert await read("acutance_sessions", state="connecting") == 3
    assert await read("acutance_sessions_limit") == 20
    assert await read("acutance_refusals_total", code="not_json") == 1
    assert await read("acutance_workers") == 2
    sessions = {name: await read("acutance_worker_sessions", worker=name) for name in ("w1", "w2")}
    assert sorted(sessions.values()) == [1, 2]
    await served.kill("w1")
    assert await read("acutance_sessions_opened_total") == 3
    assert await read("acutance_sessions", state="connecting") == sessions["w2"]
    assert await read("acutance_workers") == 1


async def test_a_report_follows_each_change(served: Served) -> None:
    worker = served.workers[_worker(await _offer(served.client))]
    assert len(worker.carrier.report.sessions) == 1, "known before the client has its answer"
    (session,) = worker.host.registry.publishers
    await session.close("it has ended by itself")
    await until(lambda: not worker.carrier.report.sessions)
    assert served.door.publisher_count() == 0


async def test_a_worker_that_only_a_restart_can_repair_ends(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = {"live": False, "ready": False, "reasons": ["the GPU has failed"]}
    monkeypatch.setattr("acutance.server.workers.processes.figures.state", lambda host: lost)
    for worker in served.workers.values():
        await asyncio.wait_for(worker.carrier.ended.wait(), 10)


async def test_what_a_session_remembers_is_forgotten_through_its_worker(served: Served) -> None:
    url = await _offer(served.client)
    assert (await served.client.delete(f"{url}/memory")).status == 204
    assert (await served.client.delete("/session/w1.none/memory")).status == 404


async def test_nothing_was_learned_of_any_stream(served: Served) -> None:
    await _offer(served.client, stream="live")
    assert (await served.client.delete("/streams/live/learned")).status == 404
