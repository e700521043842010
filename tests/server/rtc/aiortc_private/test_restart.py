"""ICE restarts on aioice's connection; tests/server/media/test_ice_restart.py has them with real peers."""

import inspect
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aioice import Candidate
from aioice.ice import CandidatePair, Connection
from aiortc import RTCIceCandidate, RTCIceGatherer, RTCIceTransport

from acutance.server.rtc.aiortc_private import restart as restarts
from acutance.server.rtc.aiortc_private.restart import check_until_nominated, restart, selected_pair


@pytest.fixture
async def gatherer() -> AsyncIterator[Any]:
    """A gatherer with one socket, as of a connection that is established."""
    gatherer = RTCIceGatherer(iceServers=[])
    connection: Any = gatherer._connection
    connection._local_candidates = await connection.get_component_candidates(1, ["127.0.0.1"])
    connection._local_candidates_start = connection._local_candidates_end = True
    connection.remote_username, connection.remote_password = "olds", "old password of the peer"
    remote = Candidate.from_sdp("1 1 udp 1 127.0.0.1 9 typ host")
    remote._network_host = remote.host
    connection._nominated[1] = CandidatePair(connection._protocols[0], remote)
    yield gatherer
    await connection.close()


@pytest.fixture(autouse=True)
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    addresses = ["127.0.0.1"]
    monkeypatch.setattr(restarts, "get_host_addresses", lambda use_ipv4, use_ipv6: addresses)
    return addresses


def test_aioice_reads_the_credentials_where_they_are_replaced() -> None:
    source = inspect.getsource(Connection)
    assert "return self._local_username" in source
    assert "return self._local_password" in source
    assert "self.remote_username in (None, remote_username)" in source
    assert "self._nominated[pair.component] = pair" in source


async def test_credentials_are_new_and_the_old_path_stays(gatherer: Any) -> None:
    connection, old = gatherer._connection, selected_pair(gatherer)
    before = connection.local_username, connection.local_password
    connection._remote_candidates_end = gatherer._remote_candidates_end = True  # an offer with all candidates
    await restart(gatherer, "newu", "new password of the peer")
    assert (connection.remote_username, connection.remote_password) == ("newu", "new password of the peer")
    assert not {connection.local_username, connection.local_password} & set(before)
    assert connection.ice_controlling
    assert selected_pair(gatherer) is old
    assert len(gatherer.getLocalCandidates()) == 1
    await gatherer_takes(gatherer, Candidate.from_sdp("2 1 udp 1 127.0.0.1 7 typ host"))
    assert [pair.remote_addr for pair in connection._check_list] == [("127.0.0.1", 7)]


async def gatherer_takes(gatherer: Any, candidate: Candidate) -> None:
    fields = ("component", "foundation", "port", "priority", "type")
    known = {name: getattr(candidate, name) for name in fields}
    await RTCIceTransport(gatherer).addRemoteCandidate(
        RTCIceCandidate(ip=candidate.host, protocol=candidate.transport, **known)
    )


async def test_addresses_that_this_host_has_got_become_candidates(gatherer: Any, addresses: list[str]) -> None:
    addresses.append("127.0.0.2")
    await restart(gatherer, "newu", "new password of the peer")
    assert [each.ip for each in gatherer.getLocalCandidates()] == ["127.0.0.1", "127.0.0.2"]
    await restart(gatherer, "more", "new password of the peer")
    assert len(gatherer.getLocalCandidates()) == 2


async def test_new_candidates_are_checked_until_one_is_nominated(gatherer: Any) -> None:
    connection, old = gatherer._connection, selected_pair(gatherer)
    await restart(gatherer, "newu", "new password of the peer")
    checked: list[Any] = []

    def check(pair: CandidatePair) -> None:
        checked.append(pair)
        pair.state = CandidatePair.State.IN_PROGRESS
        if len(checked) == 2:
            connection._nominated[1] = pair

    connection.check_start_task = check
    for port in (5, 7):
        await connection.add_remote_candidate(Candidate.from_sdp(f"2 1 udp {port} 127.0.0.1 {port} typ host"))
    await check_until_nominated(gatherer, old)
    assert len(checked) == 2
    assert selected_pair(gatherer) is checked[1]
