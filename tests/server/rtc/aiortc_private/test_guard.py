"""A transport survives what aiortc cannot parse, and drops what it must not process."""

import inspect
import logging
import struct
from collections.abc import Awaitable, Callable
from struct import pack
from typing import Any

import pylibsrtp
import pytest
from aiortc import RTCConfiguration, RTCDtlsTransport, RTCPeerConnection, RTCRtpReceiver
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtcsctptransport import InitChunk, serialize_packet
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket
from google_crc32c import value as crc32c

from acutance.server.rtc.aiortc_private.guard import guard_transports
from acutance.server.rtc.datagram_filter import MAX_DATAGRAM

_ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"


@pytest.fixture
async def peer() -> RTCPeerConnection:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    peer.addTransceiver("video")
    peer.createDataChannel("acutance")
    return peer


def test_aiortc_calls_what_is_wrapped_through_the_instances() -> None:
    source = inspect.getsource(RTCDtlsTransport)
    for line in (
        "data = await self.transport._recv()",
        "asyncio.wait_for(self.transport._recv(), timeout=timeout)",
        "await self._handle_rtcp_data(data)",
        "await self._handle_rtp_data(data, arrival_time_ms=arrival_time_ms)",
        "await self._data_receiver._handle_data(data)",
    ):
        assert line in source


async def test_an_error_of_any_kind_drops_the_packet_and_is_logged_once(
    peer: RTCPeerConnection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    transport = peer.getTransceivers()[0].receiver.transport
    # An abs-send-time of one byte, not three; a REMB that names more streams than it has: struct.error both.
    extensions = RTCRtpParameters(headerExtensions=[RTCRtpHeaderExtensionParameters(id=1, uri=_ABS_SEND_TIME)])
    transport._rtp_header_extensions_map.configure(extensions)
    rtp = b"\x90\x60\x00\x01" + bytes(8) + b"\xbe\xde\x00\x01" + b"\x10\x00\x00\x00"
    remb = b"\x8f\xce\x00\x04" + bytes(8) + b"REMB" + b"\x09\x00\x00\x00"
    with pytest.raises(struct.error):
        await transport._handle_rtp_data(rtp, arrival_time_ms=0)
    with pytest.raises(struct.error):
        await transport._handle_rtcp_data(remb)
    guard_transports(peer)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await transport._handle_rtp_data(rtp, arrival_time_ms=0)
            await transport._handle_rtcp_data(remb)
    assert len(caplog.records) == 1


async def test_malformed_sctp_is_dropped(peer: RTCPeerConnection) -> None:
    assert peer.sctp is not None
    init = InitChunk()
    init.initiate_tag = 1
    packet = serialize_packet(5000, 5000, 0, init)
    two = packet[:12] + packet[12:] * 2
    two = two[:8] + pack("<L", crc32c(two[:8] + bytes(4) + two[12:])) + two[12:]
    with pytest.raises(AssertionError):
        await peer.sctp._handle_data(two)
    guard_transports(peer)
    await peer.sctp._handle_data(two)


async def test_a_transport_that_is_closing_says_so(peer: RTCPeerConnection, monkeypatch: pytest.MonkeyPatch) -> None:
    transport = peer.getTransceivers()[0].receiver.transport

    async def closing(data: bytes, **rest: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(transport, "_handle_rtp_data", closing)
    guard_transports(peer)
    with pytest.raises(ConnectionError):
        await transport._handle_rtp_data(b"\x80" + bytes(20), arrival_time_ms=0)


def test_a_datagram_that_is_accepted_fits_into_srtp() -> None:
    policy = pylibsrtp.Policy(key=bytes(30), ssrc_type=pylibsrtp.Policy.SSRC_ANY_INBOUND)
    with pytest.raises(pylibsrtp.Error):  # not authentic
        pylibsrtp.Session(policy).unprotect(b"\x80" + bytes(MAX_DATAGRAM - 1))
    with pytest.raises(ValueError, match="too long"):  # for which aiortc ends the call
        pylibsrtp.Session(policy).unprotect(b"\x80" + bytes(MAX_DATAGRAM))


async def test_refused_datagrams_never_reach_dtls(peer: RTCPeerConnection) -> None:
    transport = peer.getTransceivers()[0].receiver.transport
    arriving = [b"", b"\x80", bytes(5000), b"\x16taken"]

    async def receive() -> bytes:
        return arriving.pop(0)

    ice: Any = transport.transport
    ice._recv = receive
    guard_transports(peer)
    taken: Callable[[], Awaitable[bytes]] = ice._recv
    assert await taken() == b"\x16taken"


async def test_a_jitter_beyond_the_bits_of_a_report_ends_no_task(
    peer: RTCPeerConnection, caplog: pytest.LogCaptureFixture
) -> None:
    # aiortc computes it from timestamps; alternating between 0 and the largest one, they make it too large.
    assert "jitter=stream.jitter," in inspect.getsource(RTCRtpReceiver._run_rtcp)
    assert "await self._send_rtcp(packet)" in inspect.getsource(RTCRtpReceiver._run_rtcp)
    report = RtcpReceiverInfo(
        ssrc=2, fraction_lost=0, packets_lost=0, highest_sequence=0, jitter=1 << 32, lsr=0, dlsr=0
    )
    packet = RtcpRrPacket(ssrc=1, reports=[report])
    receiver = peer.getReceivers()[0]
    with pytest.raises(struct.error):
        await receiver._send_rtcp(packet)
    guard_transports(peer)
    with caplog.at_level(logging.WARNING):
        await receiver._send_rtcp(packet)
    assert len(caplog.records) == 1
