"""Connectivity checks that a peer makes and answers: few, and none that lasts for ever."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aioice import stun
from aioice.ice import CandidatePair, Connection
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from acutance.server.rtc.aiortc_private.transport import prepare_ice
from tests.offers import VIDEO, offer


@pytest.fixture
async def connection() -> AsyncIterator[Any]:
    """Aioice's part of a call whose peer has signalled no candidate."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await peer.setRemoteDescription(RTCSessionDescription(offer(VIDEO), "offer"))
    prepare_ice(peer)
    await peer.setLocalDescription(await peer.createAnswer())
    connection: Any = peer.getTransceivers()[0].receiver.transport.transport.iceGatherer._connection
    async with asyncio.timeout(5):
        while not connection._early_checks_done:  # noqa: ASYNC110 - the peer connection starts it
            await asyncio.sleep(0.01)
    yield connection
    await peer.close()


def _check(connection: Any) -> bytes:
    """Return FFmpeg 8.0's check, word for word: USERNAME, USE-CANDIDATE, MESSAGE-INTEGRITY, FINGERPRINT."""
    request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
    request.attributes["USERNAME"] = f"{connection.local_username}:EsAw"
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(connection.local_password.encode())
    return bytes(request)


def test_aioice_calls_what_is_wrapped_through_the_instance_as_we_call_it() -> None:
    assert list(inspect.signature(Connection.check_incoming).parameters) == ["self", "message", "addr", "protocol"]
    source = inspect.getsource(Connection)
    assert "self.check_incoming(" in source
    assert "asyncio.create_task(self.check_start(pair))" in source
    assert "return await self.check_start(pair)" in source


async def test_a_check_without_priority_is_taken(connection: Any) -> None:
    connection._protocols[0].datagram_received(_check(connection), ("127.0.0.1", 9))
    (learnt,) = connection.remote_candidates
    assert (learnt.type, learnt.host, learnt.port) == ("prflx", "127.0.0.1", 9)


async def test_the_addresses_of_a_peer_are_few(connection: Any) -> None:
    # aioice would start a check for each, and sort all of them each time, on the event loop.
    checked: list[int] = []
    connection.check_start_task = lambda pair: checked.append(pair.remote_candidate.port)
    for port in (*range(1, 1000), 1):
        connection._protocols[0].datagram_received(_check(connection), ("127.0.0.1", port))
    assert len(connection.remote_candidates) == 128
    assert len(checked) == 129, "checks of known addresses are still taken"


async def test_a_peer_that_always_reports_a_role_conflict_is_not_asked_for_ever(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = stun.Message(stun.Method.BINDING, stun.Class.ERROR, attributes={"ERROR-CODE": (487, "Role Conflict")})
    protocol, asked = connection._protocols[0], 0

    async def refused(*_: object, **__: object) -> None:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        raise stun.TransactionFailed(refusal)

    monkeypatch.setattr(protocol, "request", refused)
    for turn in (1, 2):
        protocol.datagram_received(_check(connection), ("127.0.0.1", 9))
        (pair,) = connection._check_list
        await asyncio.wait([pair.task])
        assert pair.state is CandidatePair.State.FAILED
        assert asked == 4 * turn, "a new check of the peer starts anew"
