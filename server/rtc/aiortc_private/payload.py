"""The payload that aiortc has already unpacked from an RTP packet."""

from aiortc.rtp import RtpPacket


def payload_of(packet: RtpPacket) -> bytes:
    """Return the packet's part of the encoded frame; empty for padding.

    For H.264 these are NAL units with Annex B start codes (RFC 6184), for VP8 it is the payload without its descriptor
    (RFC 7741). aiortc's receiver stores it in a private attribute of each packet that it adds to its jitter buffer.
    """
    data: bytes = packet._data  # type: ignore[attr-defined]
    return data
