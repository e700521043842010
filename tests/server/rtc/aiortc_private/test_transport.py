"""Contracts with the private names of aiortc and aioice for addresses, connectivity checks and audio."""

import asyncio
import inspect
import socket
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
from acutance.server.rtc.aiortc_private.transport import accept_rsa_certificates, bind_within, prepare_ice
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
        bind_within(loop, (first, first + 1))
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


async def test_ciphers_for_rsa_certificates_are_offered_too() -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    accept_rsa_certificates(peer)
    peer.addTransceiver("video")
    transport = peer.getTransceivers()[0].receiver.transport
    certificate = transport._RTCDtlsTransport__local_certificate  # type: ignore[attr-defined]
    context = certificate._create_ssl_context(srtp_profiles=transport._srtp_profiles)
    ciphers = SSL.Connection(context, None).get_cipher_list()
    assert any(cipher.startswith("ECDHE-RSA-") for cipher in ciphers)
    assert any(cipher.startswith("ECDHE-ECDSA-") for cipher in ciphers)
    await peer.close()
