"""Peers that vanish: killed, unplugged, asleep. Their sockets close without a DTLS alert."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
from aiohttp.test_utils import TestClient, TestServer

from acutance.server.http.app import create_app
from acutance.server.options.session_limits import Limits
from acutance.server.rtc.aiortc_private import transport
from acutance.server.rtc.aiortc_private.consent import ConsentTimes, keep_consent
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.server.media_peers import Client, Publisher, Watcher, WhipPeer
from tests.server.peers import until


@pytest.fixture
async def host(ladder: Ladder) -> Host:
    return Host(ladder, Limits(govern=False, idle_timeout=2.0), AdmissionLimits(max_sessions=2, check_load=False))


@pytest.fixture
async def client(host: Host) -> AsyncIterator[Client]:
    async with TestClient(TestServer(create_app(host))) as client:
        yield client


def _vanish(peer: WhipPeer) -> None:
    for ice in {each.sender.transport.transport for each in peer.connection.getTransceivers()}:
        for protocol in ice._connection._protocols:
            protocol.transport.abort()


async def test_the_name_of_a_publisher_that_vanished_is_free_after_the_idle_time(client: Client, host: Host) -> None:
    vanished, viewer, successor = Publisher(), Watcher(), Publisher()
    assert await vanished.post(client, "/whip/stage") == 201
    assert await viewer.post(client, "/whep/stage") == 201
    await until(lambda: len(viewer.order) >= 5)
    _vanish(vanished)
    assert await successor.post(client, "/whip/stage") == 409, "the publisher may reconnect"
    await until(lambda: len(host.registry.publishers) == 0)
    await until(lambda: host.registry.viewer_count == 0)  # its viewers are told
    assert await successor.post(client, "/whip/stage") == 201
    for peer in (vanished, viewer, successor):
        await peer.close()


async def test_a_viewer_that_vanished_is_noticed_by_its_missing_consent(
    client: Client, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    # RFC 7675, section 5.1: consent expires after 30 s. docs/02-it-does-not-connect.md says so, too.
    assert ConsentTimes().expiry == 30
    monkeypatch.setattr(transport, "keep_consent", partial(keep_consent, times=ConsentTimes(0.1, 1.0)))
    publisher, viewer = Publisher(), Watcher()
    assert await publisher.post(client, "/whip/stage") == 201
    assert await viewer.post(client, "/whep/stage") == 201
    await until(lambda: len(viewer.order) >= 5)
    _vanish(viewer)
    await until(lambda: host.registry.viewer_count == 0)
    assert len(host.registry.publishers) == 1, "who publishes goes on"
    for peer in (publisher, viewer):
        await peer.close()
