"""Contracts with the private names of aiortc and aioice for addresses, connectivity checks and audio."""

import asyncio
import inspect
import socket
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av
import pytest
from aioice.ice import Connection as IceConnection
from aiortc import RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from OpenSSL import SSL

from acutance.server.rtc.aiortc_private.receiver import AudioFeed
from acutance.server.rtc.aiortc_private.transport import configure_dtls, open_sockets, prepare_ice
from tests.offers import AUDIO, VIDEO, offer


@pytest.fixture
async def peer() -> RTCPeerConnection:
    return await _peer_with_an_offer()


async def _peer_with_an_offer(*servers: RTCIceServer) -> RTCPeerConnection:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=list(servers)))
    await peer.setRemoteDescription(RTCSessionDescription(offer(AUDIO, VIDEO), "offer"))
    return peer


def test_the_wrapped_methods_are_called_through_the_instance_as_we_call_them() -> None:
    assert "timeout" in inspect.signature(IceConnection.get_component_candidates).parameters
    source = inspect.getsource(IceConnection)
    assert "self.get_component_candidates(" in source


async def test_an_answer_does_not_wait_for_a_silent_stun_server() -> None:
    # An address that never answers (RFC 5737).
    peer = await _peer_with_an_offer(RTCIceServer("stun:192.0.2.1:3478"))
    prepare_ice(peer)
    begun = asyncio.get_running_loop().time()
    await peer.setLocalDescription(await peer.createAnswer())
    assert asyncio.get_running_loop().time() - begun < 3, "aioice's own patience is 5 s"
    assert "typ host" in peer.localDescription.sdp
    await peer.close()


async def test_audio_packets_are_passed_on_without_decoding(peer: RTCPeerConnection) -> None:
    receiver = next(each for each in peer.getReceivers() if each.track.kind == "audio")
    packets: list[tuple[str, av.Packet[Any]]] = []
    AudioFeed(receiver, lambda codec, packet: packets.append((codec, packet)))
    queue: Any = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
    opus = RTCRtpCodecParameters("audio/opus", 48000, 2, 111)
    queue.put((opus, JitterFrame(b"\x78\x01", 960)))
    queue.put((opus, JitterFrame(b"", 1920)))
    assert queue.empty()
    ((codec, packet),) = packets
    assert (codec, bytes(packet), packet.pts) == ("opus", b"\x78\x01", 960)
    assert packet.time_base == Fraction(1, 48000)
    queue.put(None)
    assert queue.get_nowait() is None, "the end reaches the decoder's thread"
    await peer.close()


async def test_sockets_are_bound_only_to_ports_of_the_range() -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        first = port if port < 65535 else port - 1
        open_sockets(loop, (first, first + 1))
        transport, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        assert transport.get_extra_info("sockname")[1] in {first, first + 1} - {port}
        with pytest.raises(OSError, match="all UDP ports"):
            await loop.create_datagram_endpoint(asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0))
        transport.close()
        other, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("127.0.0.1", port))
        assert other.get_extra_info("sockname")[1] not in {first, first + 1}
        other.close()


def test_aioice_binds_through_the_loop_with_port_0() -> None:
    source = inspect.getsource(IceConnection.get_component_candidates)
    assert "loop.create_datagram_endpoint(" in source
    assert "local_addr=(address, 0)" in source


def _context(peer: RTCPeerConnection) -> SSL.Context:
    """Return the context that aiortc makes for the handshake."""
    transport: Any = peer.getTransceivers()[0].receiver.transport
    context: SSL.Context = transport._RTCDtlsTransport__local_certificate._create_ssl_context(
        srtp_profiles=transport._srtp_profiles
    )
    return context


async def test_ciphers_for_rsa_certificates_are_offered_too() -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    configure_dtls(peer)
    peer.addTransceiver("video")
    ciphers = SSL.Connection(_context(peer), None).get_cipher_list()
    assert any(cipher.startswith("ECDHE-RSA-") for cipher in ciphers)
    assert any(cipher.startswith("ECDHE-ECDSA-") for cipher in ciphers)
    await peer.close()


def _exchange(client: SSL.Connection, server: SSL.Connection) -> bytes:
    """Pass datagrams in both directions until none is left; return the types of the records that the client sent."""
    sent = b""
    for _ in range(10):
        for one in (client, server):
            with suppress(SSL.Error):
                one.recv(1500) if one.get_finished() else one.do_handshake()
        for one, other in ((client, server), (server, client)):
            with suppress(SSL.WantReadError):
                datagram = one.bio_read(20_000)
                sent += datagram[:1] if one is client else b""
                other.bio_write(datagram)
    return sent


@pytest.mark.parametrize("configured", [True, False])
async def test_a_peer_that_requests_renegotiation_gets_no_handshake(configured: bool) -> None:
    peers = [RTCPeerConnection(RTCConfiguration(iceServers=[])) for _ in range(2)]
    for peer in peers:
        peer.addTransceiver("video")
    if configured:
        configure_dtls(peers[0])
    client, server = (SSL.Connection(_context(peer), None) for peer in peers)
    client.set_connect_state()
    server.set_accept_state()
    assert b"\x16" in _exchange(client, server)  # handshake records (RFC 5246, section 6.2.1)
    server.renegotiate()
    with suppress(SSL.WantReadError):
        server.do_handshake()
    assert (b"\x16" in _exchange(client, server)) is not configured
    for peer in peers:
        await peer.close()
