"""The lifetime of a connection, without a peer: its end releases everything even if steps fail."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest
from aiortc import RTCSessionDescription
from aiortc.sdp import SessionDescription

from acutance.server.errors import RequestError
from acutance.server.options.session_limits import Limits
from acutance.server.rtc import connection
from acutance.server.rtc.connection import Connection
from acutance.server.rtc.ice import Network
from acutance.server.rtc.session_description import Role, parse_offer
from acutance.server.security.quota import Client
from tests.offers import VIDEO, offer


class Call(Connection):
    """A connection that counts the calls of its methods."""

    def __init__(self) -> None:
        self.closed: list[Connection] = []
        super().__init__(Network(), Limits(), Client(), self.closed.append)
        self.negotiated = 0
        self.begun = 0
        self.released = 0
        self.fails_in = ""

    def _prepare(self) -> None:
        self.peer.addTransceiver("video", direction="recvonly")

    def _negotiated(self, answer: SessionDescription) -> None:
        self.negotiated += 1

    def _begin(self) -> None:
        self.begun += 1

    def _path_changed(self) -> None:
        pass

    def _notify_closing(self, reason: str) -> None:
        self._fail_in("goodbye")

    async def _release(self) -> None:
        self.released += 1
        self._fail_in("release")

    def _fail_in(self, step: str) -> None:
        if step == self.fails_in:
            raise RuntimeError(step)

    async def reaches(self, state: str) -> None:
        """Let aiortc report a state."""
        peer, self.peer = self.peer, SimpleNamespace(connectionState=state)  # type: ignore[assignment]
        self._on_state()
        self.peer = peer
        await asyncio.sleep(0)


@pytest.fixture
async def call() -> AsyncIterator[Call]:
    call = Call()
    yield call
    await call.peer.close()


async def test_a_connected_peer_begins_once(call: Call) -> None:
    await call.reaches("connected")
    await call.reaches("connected")
    assert (call.begun, call.state) == (1, "running")


async def test_a_peer_that_connects_while_its_session_closes_begins_nothing(call: Call) -> None:
    closing = call.end("the server is stopping")
    await call.reaches("connected")
    await closing
    assert call.begun == 0
    assert call.closed == [call]


async def test_an_answer_that_is_finished_after_the_session_closed_is_discarded(call: Call) -> None:
    set_local = call.peer.setLocalDescription

    async def slow(description: RTCSessionDescription) -> None:
        await set_local(description)
        await call.close("the server is stopping")

    call.peer.setLocalDescription = slow  # type: ignore[method-assign, assignment]
    with pytest.raises(RequestError, match="the session has been closed"):
        await call.answer(parse_offer(offer(VIDEO), Role.PUBLISH))
    assert call.negotiated == 0
    assert call.closed == [call]


@pytest.mark.parametrize("step", ["goodbye", "release"])
async def test_a_session_that_fails_to_close_gives_its_slot_back(call: Call, step: str) -> None:
    call.fails_in = step
    await call.close("test")
    assert call.closed == [call]
    assert call.released == 1
    assert call.peer.connectionState == "closed"


async def test_a_connection_that_never_closes_gives_its_slot_back(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    # aiortc waits until its RTCP task reports its end; a task that failed never does.
    monkeypatch.setattr(connection, "_CLOSE_S", 0.01)
    call.peer, peer = SimpleNamespace(close=asyncio.Event().wait), call.peer  # type: ignore[assignment]
    await call.close("test")
    assert call.closed == [call]
    call.peer = peer


async def test_work_started_while_the_session_closes_ends_with_it(call: Call) -> None:
    running: list[str] = []

    async def work() -> None:
        running.append("work")
        await asyncio.Event().wait()

    before = asyncio.all_tasks()
    closing = call.end("test")
    task = call.spawn(work())
    await closing
    late = call.spawn(work())
    await asyncio.wait([task, late], timeout=1)
    assert task.done()
    assert late.done()
    assert asyncio.all_tasks() <= before
