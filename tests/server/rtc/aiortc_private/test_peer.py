"""More contracts with aiortc's private names: certificates, and sender reports."""

from aiortc import RTCConfiguration, RTCPeerConnection
from aiortc.rtp import RtcpSenderInfo, RtcpSrPacket
from OpenSSL import SSL

from acutance.server.rtc.aiortc_private.timestamps import watch_sender_reports
from acutance.server.rtc.aiortc_private.transport import accept_rsa_certificates


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


async def test_a_sender_report_is_told_in_the_time_stamps_of_the_frames() -> None:
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    receiver = peer.addTransceiver("video").receiver
    told: list[tuple[float, int]] = []
    watch_sender_reports(receiver, lambda clock, stamp: told.append((clock, stamp)))

    def report(stamp: int, packets: int = 1) -> RtcpSrPacket:
        return RtcpSrPacket(ssrc=1, sender_info=RtcpSenderInfo(5 << 32, stamp, packets, 1))

    await receiver._handle_rtcp_packet(report(100))  # no frame yet: it says nothing
    receiver._RTCRtpReceiver__timestamp_mapper.map(0xFFFFFF00)
    await receiver._handle_rtcp_packet(report(0, packets=0))  # before the sender has sent anything
    assert told == []
    await receiver._handle_rtcp_packet(report(0x100))  # wrapped
    await receiver._handle_rtcp_packet(report(0xFFFFFE00))  # of before the first frame
    assert told == [(5.0, 0x200), (5.0, -0x100)]
    await peer.close()
