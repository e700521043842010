"""A call ends when its peer answers no consent check any more, not when the answers are late."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

import aioice.ice
import pytest
from aioice import Candidate, stun
from aioice.ice import CandidatePair, Connection, StunProtocol

from acutance.server.rtc.aiortc_private.consent import ConsentTimes, keep_consent

_RTO_S = 0.02
_LATE_S = 2 * _RTO_S


class _Peer(StunProtocol):
    """A socket whose requests are answered later than aioice waits for them, or not at all."""

    def __init__(self, connection: Connection, answers: bool) -> None:
        super().__init__(connection)
        self.asked = 0
        self._answers = answers

    def send_stun(self, message: stun.Message, addr: tuple[str, int]) -> None:
        self.asked += 1
        if self._answers:
            asyncio.get_running_loop().call_later(_LATE_S, self._answer, message.transaction_id, addr)

    def _answer(self, transaction_id: bytes, addr: tuple[str, int]) -> None:
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id)
        response.add_message_integrity(b"password")
        StunProtocol.datagram_received(self, bytes(response), addr)


@pytest.fixture(autouse=True)
def _faster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stun, "RETRY_RTO", _RTO_S)
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.01)


@pytest.fixture
async def connection() -> AsyncIterator[Any]:
    connection = Connection(ice_controlling=False)
    connection.remote_username, connection.remote_password = "user", "password"
    yield connection
    await connection.close()


def _nominate(connection: Any, answers: bool) -> _Peer:
    peer = _Peer(connection, answers)
    peer.local_candidate = Candidate.from_sdp("1 1 udp 1 192.0.2.1 1 typ host")
    remote = Candidate.from_sdp("1 1 udp 1 192.0.2.2 2 typ host")
    remote._network_host = remote.host
    connection._nominated[1] = CandidatePair(peer, remote)
    return peer


def test_aioice_starts_the_checks_through_the_instance_and_closes_as_we_do() -> None:
    source = inspect.getsource(Connection)
    assert "self._query_consent_task = asyncio.create_task(self.query_consent())" in source
    assert "self._query_consent_task = None\n                    return await self.close()" in source
    parameters = list(inspect.signature(StunProtocol.request).parameters)
    assert parameters == ["self", "request", "addr", "integrity_key", "retransmissions"]


@pytest.mark.parametrize("ours", [True, False])
async def test_late_answers_keep_a_call(connection: Any, ours: bool) -> None:
    peer = _nominate(connection, answers=True)
    if ours:
        keep_consent(connection, ConsentTimes(interval=0.01, expiry=1.0))
    task = asyncio.create_task(connection.query_consent())
    async with asyncio.timeout(20):
        while peer.asked < 30 and not task.done():  # noqa: ASYNC110 - by a task
            await asyncio.sleep(0.01)
    assert task.done() is not ours, "aioice ends the call after six late answers"
    task.cancel()


async def test_a_peer_that_has_vanished_loses_its_call(connection: Any) -> None:
    peer = _nominate(connection, answers=False)
    now = 0.0

    def clock() -> float:
        nonlocal now
        now += 3.0
        return now

    keep_consent(connection, ConsentTimes(interval=0.01), clock)
    async with asyncio.timeout(20):
        await connection.query_consent()
    assert now >= 30
    assert peer.asked >= 3 * 9, "each request is sent three times"
    assert connection._closed
