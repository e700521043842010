"""/metrics, read with Prometheus's own parser."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from acutance.server.workers.summary import WORKER_METRICS
from tests.server.peers import Peer, SoftCamera, until

Client = TestClient  # type: ignore[type-arg]
PAGE = Path(__file__).parents[3] / "docs" / "08-metrics.md"


@pytest.fixture
async def host(ladder: Ladder) -> Host:
    return Host(ladder, Limits(govern=False), AdmissionLimits(max_sessions=2, check_load=False))


@pytest.fixture
async def client(host: Host) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


async def _read(client: Client) -> dict[str, dict[tuple[str, ...], float]]:
    response = await client.get("/metrics")
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    families = text_string_to_metric_families(await response.text())
    return {
        family.name: {(sample.name, *sample.labels.values()): sample.value for sample in family.samples}
        for family in families
    }


async def test_a_call_is_counted_in_every_metric(client: Client, host: Host) -> None:
    before = await _read(client)
    assert before["acutance_sessions"]["acutance_sessions", "running"] == 0
    peer = Peer(SoftCamera(60))
    await peer.join(client, "H264")
    await until(lambda: len(peer.order) >= 30)
    await client.post("/offer", data=b"{")
    during = await _read(client)
    assert during["acutance_sessions"]["acutance_sessions", "running"] == 1
    frames = during["acutance_frames"]
    received, returned = (frames["acutance_frames_total", name] for name in ("received", "returned"))
    assert received >= returned >= 30
    assert (
        during["acutance_stage_seconds"]["acutance_stage_seconds_count", "enhance"]
        == frames["acutance_frames_total", "enhanced"]
    )
    assert during["acutance_stage_seconds"]["acutance_stage_seconds_sum", "total"] > 0
    assert during["acutance_encoders"]["acutance_encoders", "H264", "enhanced"] == 1
    assert during["acutance_encoder_bits_per_second"]["acutance_encoder_bits_per_second",] > 100_000
    assert during["acutance_student_sessions"]["acutance_student_sessions", "small"] == 1
    assert during["acutance_student_tries"]["acutance_student_tries_total", "failed"] == 0
    assert during["acutance_refusals"]["acutance_refusals_total", "not_json"] == 1
    await peer.close()
    await until(lambda: not len(host.registry.publishers))
    after = await _read(client)
    assert after["acutance_sessions_ended"]["acutance_sessions_ended_total",] == 1
    assert after["acutance_frames"]["acutance_frames_total", "received"] >= received, "counters never decrease"
    assert after["acutance_encoders"] == {}


async def test_the_documentation_lists_every_metric_and_no_other(client: Client) -> None:
    ours = {name for name in await _read(client) if name.startswith("acutance")}
    row = re.compile(r"^\| `(acutance\w*?)(?:_total|_info)?(?:\{.*?\})?`", re.MULTILINE)
    with_workers = {name for name, _, _ in WORKER_METRICS} | {"acutance_workers", "acutance_workers_replaced"}
    listed = set(row.findall(PAGE.read_text("utf-8")))
    assert {re.sub(r"_(total|info)$", "", name) for name in ours | with_workers} == listed
