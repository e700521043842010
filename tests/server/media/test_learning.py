"""A call that is learned, over real peers, with a staged process instead of one that trains."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.http.app import create_app
from acutance.server.learning import segments
from acutance.server.learning.kept_weights import KeptWeights
from acutance.server.learning.learning import Learning
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host, StudentUse
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.load import Load
from tests.server.learning.test_call_learning import STAGED, opened
from tests.server.peers import Peer, SoftCamera, until


class Idle(Load):
    """A host that has time, however busy the test machine is."""

    def sample(self) -> None:
        self.busy = 0.0


@pytest.fixture
def kept(tmp_path: Path) -> KeptWeights:
    return KeptWeights(tmp_path / "kept", ["live"])


@pytest.fixture
async def host(ladder: Ladder, kept: KeptWeights) -> Host:
    def command(python: str, students: list[Path]) -> list[str]:
        return [python, "-m", STAGED, str(students[0]), "weights"]

    use = StudentUse(
        make_learning=lambda load: Learning(sys.executable, ladder, Idle(), opened, kept, command),
    )
    limits = AdmissionLimits(max_sessions=2, check_load=False)
    return Host(ladder, Limits(govern=False), limits, students=use)


@pytest.fixture
async def client(host: Host) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


async def test_weights_are_taken_during_a_call_kept_for_the_stream_and_deleted(
    client: TestClient,  # type: ignore[type-arg]
    host: Host,
    kept: KeptWeights,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segments, "GOOD_STEP", 60.0)  # aiortc's encoder begins at a low bit rate
    monkeypatch.setattr(segments, "FRAMES", 8)
    learning = host.context.learning
    assert learning is not None
    peer = Peer(SoftCamera(60))
    await peer.join(client, "H264", stream="live")
    await until(lambda: learning.counts.taken, 60)
    (publisher,) = host.registry.publishers
    student = publisher.media.pipeline.learned["small"]
    before = host.registry.snapshot().frames
    await until(lambda: peer.statistics and peer.statistics[-1]["learned"] is not None)
    seen = len(peer.order)
    await until(lambda: len(peer.order) >= seen + 30)
    assert publisher.media.pipeline.learned["small"] is student
    assert host.registry.snapshot().frames.enhanced > before.enhanced
    assert host.registry.snapshot().frames.passed == before.passed, "no frame waits for the new student"
    await peer.close()
    await until(lambda: not host.registry.publishers)
    await until(lambda: kept.load("live", "small"))
    assert (await client.delete("/streams/live/learned")).status == 204
    assert (await client.delete("/streams/live/learned")).status == 404
    assert learning.active == 0


async def test_a_peer_that_wants_nothing_remembered_is_not_learned(
    client: TestClient,  # type: ignore[type-arg]
    host: Host,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(segments, "GOOD_STEP", 60.0)
    monkeypatch.setattr(segments, "FRAMES", 8)
    learning = host.context.learning
    assert learning is not None
    peer = Peer(SoftCamera(60))
    await peer.join(client, "H264")
    await until(lambda: learning.counts.taken, 60)
    peer.channel.send('{"type": "control", "remember": false}')
    (publisher,) = host.registry.publishers
    await until(lambda: not publisher.media.pipeline.learned)
    await until(lambda: not learning.turn.locked())
    await asyncio.sleep(0)
    assert publisher.media.learning is not None
    assert publisher.media.learning.learned == {}
    await peer.close()
