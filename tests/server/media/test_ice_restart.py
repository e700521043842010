"""A peer that moves to another network keeps its session: an ICE restart by PATCH (RFC 9725, section 4.3.3)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aioice import Candidate
from aiortc import RTCPeerConnection

from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.aiortc_private.restart import check_until_nominated, restart, selected_pair
from acutance.server.rtc.aiortc_private.transport import ice_gatherers
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.offers import CANDIDATE
from tests.server.media_peers import Publisher, Watcher
from tests.server.peers import Peer, SoftCamera, until

Client = TestClient  # type: ignore[type-arg]
FRAGMENT = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": "*"}
# Time without a frame after which the old network is taken to be gone.
_SETTLED_S = 0.3


@pytest.fixture
async def host(ladder: Ladder) -> Host:
    return Host(ladder, Limits(govern=False), AdmissionLimits(check_load=False))


@pytest.fixture
async def client(host: Host) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer(SoftCamera(60))
    yield peer
    await peer.close()


def _ice(peer: RTCPeerConnection) -> Any:
    (gatherer,) = ice_gatherers(peer)
    return gatherer


class _Nowhere:
    """The socket of a network that has gone."""

    def sendto(self, *_: object) -> None:
        pass

    def close(self) -> None:
        pass


async def _lose_network(gatherer: Any) -> None:
    """Cut all sockets of a peer, and open another one."""
    connection = gatherer._connection
    old = list(connection._protocols)
    for protocol in old:
        socket, protocol.transport = protocol.transport, _Nowhere()
        socket.close()
        protocol.connection_lost = lambda error: None
        protocol.close = _closed
    host = selected_pair(gatherer).local_candidate.host
    connection._local_candidates = await connection.get_component_candidates(1, [host])


async def _closed() -> None:
    pass


def _fragment(connection: Any) -> str:
    candidates = "".join(f"a=candidate:{each.to_sdp()}\r\n" for each in connection.local_candidates)
    return (
        f"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:{connection.local_username}\r\n"
        f"a=ice-pwd:{connection.local_password}\r\n{candidates}"
    )


async def _restart(client: Client, url: str, peer: RTCPeerConnection) -> str:
    """Restart both sides as a browser does; return the new entity tag."""
    gatherer, old = _ice(peer), selected_pair(_ice(peer))
    connection = gatherer._connection
    await restart(gatherer, "unknown", "unknown")
    connection._tie_breaker = 1  # as of any peer: the server wins the role
    response = await client.patch(url, data=_fragment(connection), headers=FRAGMENT)
    body = await response.text()
    assert response.status == 200, body
    assert response.content_type == "application/trickle-ice-sdpfrag"
    lines = [line.partition(":") for line in body.split("\r\n")]
    values = {name: value for name, _, value in lines if name != "a=candidate"}
    assert "a=end-of-candidates" in values
    connection.remote_username, connection.remote_password = values["a=ice-ufrag"], values["a=ice-pwd"]
    for name, _, value in lines:
        if name == "a=candidate":
            await connection.add_remote_candidate(Candidate.from_sdp(value))
    async with asyncio.timeout(20):
        await check_until_nominated(gatherer, old)
    return response.headers["ETag"]


async def _quiet(count: Any) -> None:
    """Wait until nothing arrives any more."""
    last = None
    while last != (last := count()):  # noqa: ASYNC110 - there is no event for silence
        await asyncio.sleep(_SETTLED_S)


async def test_a_call_continues_on_another_network(client: Client, host: Host, peer: Peer) -> None:
    await peer.join(client, "H264")
    await until(lambda: len(peer.order) >= 10)
    (publisher,) = host.registry.publishers
    tag, url = publisher.ice.etag, f"/session/{publisher.id}"
    await _lose_network(_ice(peer.connection))
    await _quiet(lambda: len(peer.order))
    new = await _restart(client, url, peer.connection)
    assert new != tag
    seen, said = len(peer.order), len(peer.statistics)
    await until(lambda: len(peer.order) >= seen + 30 and len(peer.statistics) > said)
    assert list(host.registry.publishers) == [publisher], "the same session"
    old = await client.patch(url, data=CANDIDATE, headers=FRAGMENT | {"If-Match": tag})
    assert old.status == 412, "candidates of the old network come too late"
    assert (await client.patch(url, data=CANDIDATE, headers=FRAGMENT | {"If-Match": new})).status == 204


async def test_a_restart_on_the_same_network_does_no_harm(client: Client, host: Host, peer: Peer) -> None:
    await peer.join(client, "H264", settings={"enhance": False})
    await until(lambda: len(peer.order) >= 10)
    (publisher,) = host.registry.publishers
    for _ in range(2):
        seen = len(peer.order)
        await _restart(client, f"/session/{publisher.id}", peer.connection)
        await until(lambda seen=seen: len(peer.order) >= seen + 30)
    assert publisher.state == "running"


async def test_publisher_and_viewer_of_a_stream_move_one_after_the_other(client: Client) -> None:
    publisher, viewer = Publisher(), Watcher()
    try:
        assert await publisher.post(client, "/whip/cam") == 201
        assert await viewer.post(client, "/whep/cam") == 201
        await until(lambda: len(viewer.order) >= 10)
        for moving in (publisher, viewer):
            await _lose_network(_ice(moving.connection))
            await _quiet(lambda: len(viewer.order))
            await _restart(client, moving.location, moving.connection)
            seen = len(viewer.order)
            await until(lambda seen=seen: len(viewer.order) >= seen + 30)
    finally:
        await publisher.close()
        await viewer.close()


@pytest.mark.parametrize(
    "credentials", ["a=ice-ufrag:new1\r\n", "a=ice-ufrag:ne\r\na=ice-pwd:" + "x" * 22 + "\r\n", "a=ice-pwd:short\r\n"]
)
async def test_incomplete_credentials_are_refused_and_the_call_goes_on(
    client: Client, host: Host, peer: Peer, credentials: str
) -> None:
    await peer.join(client, "VP8")
    await until(lambda: len(peer.order) >= 10)
    (publisher,) = host.registry.publishers
    tag = publisher.ice.etag
    response = await client.patch(f"/session/{publisher.id}", data=credentials, headers=FRAGMENT)
    assert (response.status, (await response.json())["error"]) == (400, "bad_fragment")
    assert publisher.ice.etag == tag
    seen = len(peer.order)
    await until(lambda: len(peer.order) >= seen + 10)
