import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiortc.mediastreams import MediaStreamTrack

from acutance.model.engine.engine import Engine
from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host, StudentUse
from acutance.server.students.ladder import Ladder
from acutance.server.students.rungs import PASS, Rung
from tests.faults.witness import Client, Witness

# Share of a bystander's frames that must return, of those that returned in the time before: the host may be busy.
_UNHARMED = 0.8
# Seconds that a student may take where its slowness is not the fault: a busy host is no fault of the server.
_PATIENCE_S = 20.0


@pytest.fixture(scope="session")
def engine() -> Engine:
    """The shipped student, on the CPU."""
    return Engine.open("nano", provider="cpu")


@dataclass
class Scene:
    """A server with two calls: one that has a fault, and a bystander.

    Attributes:
        host: the sessions of the server.
        call: joins another peer.
        bystander: the call that has no fault.
    """

    host: Host
    call: Callable[..., Awaitable[Witness]]
    bystander: Witness = field(init=False)

    @contextmanager
    def nobody_else_notices(self) -> Iterator[None]:
        """Assert that the bystander's frames continue to return as before."""
        begun = monotonic()
        before = self.bystander.share_before(begun)
        yield
        assert self.bystander.ended is None
        share = self.bystander.share_seen(begun, monotonic())
        assert share >= _UNHARMED * before, f"the bystander saw {share:.0%} of its frames, and {before:.0%} before"


def ladder_of(*engines: object) -> Ladder:
    """Students that count as cheap, so that the governor does not step down on a busy host, and pass-through."""
    ladder = Ladder([])
    ladder.engines = {engine.student.name: engine for engine in engines}  # type: ignore[attr-defined]
    ladder.rungs = [*(Rung(name, 1e-9) for name in ladder.engines), Rung(PASS)]
    return ladder


type Stage = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """Start a server with these students and a bystander."""
    clients: list[Client] = []
    peers: list[Witness] = []

    async def open_scene(
        *engines: object,
        limits: Limits | None = None,
        encoders: EncoderChoice | None = None,
        patience: float = _PATIENCE_S,
    ) -> Scene:
        host = Host(
            ladder_of(*engines),
            limits or Limits(govern=False),
            AdmissionLimits(max_sessions=4, check_load=False),
            encoders=encoders,
            students=StudentUse(patience=patience),
        )
        client = TestClient(TestServer(create_app(host)))
        clients.append(client)
        await client.start_server()

        async def call(camera: MediaStreamTrack | None = None, codec: str = "H264", **fields: str) -> Witness:
            peer = Witness(camera)
            peers.append(peer)
            await peer.join(client, codec, **fields)
            return peer

        scene = Scene(host, call)
        scene.bystander = await call()
        await scene.bystander.sees(5)
        return scene

    yield open_scene
    await asyncio.gather(*(peer.close() for peer in peers))
    for client in clients:
        await client.close()
