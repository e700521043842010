"""Datagrams that anybody can send to the sockets of a call: they raise no error, fill no memory, end no handshake."""

import asyncio
import inspect
import socket
from collections.abc import AsyncIterator
from struct import pack
from typing import Any

import pytest
from aioice.ice import Connection, StunProtocol
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from acutance.server.rtc.aiortc_private.transport import prepare_ice
from acutance.server.rtc.datagram_filter import MAX_DATAGRAM
from tests.offers import CANDIDATE, VIDEO, offer

_PEER, _STRANGER = ("127.0.0.1", 9), ("127.0.0.1", 10)
_RTP = b"\x80\x60" + bytes(10)
# A fatal alert, "handshake failure", in a record of DTLS 1.2 that is not encrypted (RFC 6347, section 4.1).
_ALERT = pack("!BHHHLHBB", 21, 0xFEFD, 0, 0, 7, 2, 2, 40)


@pytest.fixture
async def connection() -> AsyncIterator[Any]:
    """What aioice has of a call with one remote candidate, which has not begun its checks."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    await peer.setRemoteDescription(RTCSessionDescription(offer(VIDEO + CANDIDATE), "offer"))
    await peer.setLocalDescription(await peer.createAnswer())
    yield peer.getTransceivers()[0].receiver.transport.transport.iceGatherer._connection
    await peer.close()


def test_aioice_queues_datagrams_where_we_do() -> None:
    assert "self._queue.get()" in inspect.getsource(Connection.recvfrom)
    assert "self.receiver.data_received(" in inspect.getsource(StunProtocol)
    assert list(inspect.signature(Connection.data_received).parameters) == ["connection", "data", "component"]


@pytest.mark.parametrize(
    "message",
    [
        pack("!HHL12sHHB3x", 1, 8, 0x2112A442, b"transaction.", 0x24, 1, 7),  # a PRIORITY of one byte
        pack("!HHL12s", 0x101, 0, 0x2112A442, b"transaction."),  # a response without a request
        pack("!HHL12s", 1, 0, 0x2112A442, b"transaction."),  # a request without a user name
        b"\x00",
        b"",
    ],
)
async def test_malformed_stun_is_no_error_and_goes_nowhere(connection: Any, message: bytes) -> None:
    for address in (_PEER, _STRANGER):
        connection._protocols[0].datagram_received(message, address)
    assert connection._queue.empty()


async def test_an_rtp_packet_is_never_taken_for_stun(connection: Any) -> None:
    packet = pack("!HHL12sHHB3x", 0x8060, 8, 0, b"............", 0x24, 1, 7)
    connection._protocols[0].datagram_received(packet, _PEER)
    assert connection._queue.get_nowait() == (packet, 1)


async def test_only_the_addresses_of_the_peer_are_heard(connection: Any) -> None:
    connection._protocols[0].datagram_received(_RTP, _STRANGER)
    connection._protocols[0].datagram_received(_RTP, ("127.0.0.2", 9))
    assert connection._queue.empty()


async def test_what_nobody_has_read_yet_is_bounded(connection: Any) -> None:
    for _ in range(5000):
        connection._protocols[0].datagram_received(_RTP, _PEER)
    connection._protocols[0].datagram_received(_RTP + bytes(MAX_DATAGRAM), _PEER)
    assert connection._queue.qsize() == 1024


async def test_alerts_and_garbage_of_strangers_do_not_end_a_handshake() -> None:
    ours, theirs = (RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2))
    theirs.addTransceiver("video")
    await theirs.setLocalDescription(await theirs.createOffer())
    await ours.setRemoteDescription(theirs.localDescription)
    prepare_ice(ours)
    await ours.setLocalDescription(await ours.createAnswer())
    transport = ours.getTransceivers()[0].receiver.transport
    sockets = [each.transport.get_extra_info("sockname") for each in _protocols(ours)]

    async def disturb() -> None:
        while True:
            for address in sockets:
                family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
                with socket.socket(family, socket.SOCK_DGRAM) as stranger:
                    for datagram in (_ALERT, b"\x16\xfe\xfd" + bytes(60), b""):
                        stranger.sendto(datagram, address[:2])
            await asyncio.sleep(0.001)

    disturbing = asyncio.create_task(disturb())
    await theirs.setRemoteDescription(ours.localDescription)
    async with asyncio.timeout(20):
        while transport.state not in ("connected", "failed", "closed"):  # noqa: ASYNC110 - polled from outside
            await asyncio.sleep(0.01)
    assert transport.state == "connected"
    disturbing.cancel()
    await asyncio.gather(ours.close(), theirs.close())


def _protocols(peer: RTCPeerConnection) -> list[StunProtocol]:
    return peer.getTransceivers()[0].receiver.transport.transport.iceGatherer._connection._protocols
