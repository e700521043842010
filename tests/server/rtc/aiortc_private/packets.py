"""VP8 frames of one packet each."""

from aiortc.rtp import RtpPacket

KEY = b"\x00\x00\x00\x9d\x01\x2a"  # RFC 6386, section 9.1


def vp8_packet(number: int, timestamp: int, data: bytes, marker: int = 1) -> RtpPacket:
    packet = RtpPacket(payload_type=96, marker=marker, sequence_number=number, timestamp=timestamp, ssrc=7)
    packet.payload = b"\x10" + data  # VP8's descriptor (RFC 7741, section 4.2): start of a partition
    return packet
