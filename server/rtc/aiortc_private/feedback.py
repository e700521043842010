"""RTCP feedback from remote peers to aiortc's senders."""

from collections.abc import Callable
from time import monotonic

import aiortc.rtcrtpsender
from aiortc import RTCRtpSender
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from acutance.server.rtc.loss_requests import ResendLimit

# Packets that a sender keeps for retransmission. aiortc keeps 128, but a forwarded keyframe of 1080p has up to 400, all
# sent at once: none may be gone when the first NACK arrives. At most 0.7 MB for each receiver.
aiortc.rtcrtpsender.RTP_HISTORY_SIZE = 512  # type: ignore[attr-defined]


def watch_feedback(
    sender: RTCRtpSender,
    on_keyframe_request: Callable[[], None],
    on_remb: Callable[[int], None],
    on_loss: Callable[[float], None],
) -> None:
    """Pass a peer's feedback on to our encoder.

    aiortc gives PLI, FIR (RFC 4585, RFC 5104) and REMB only to its own encoder, which is idle for a track of packets.
    This function wraps the private coroutine of the sender that receives them.

    Args:
        sender: of the returned track.
        on_keyframe_request: called on the event loop for each PLI and FIR.
        on_remb: called on the event loop with the bit rate in bit/s of each REMB that names this sender.
        on_loss: called on the event loop with the share of lost packets, 0 to 1, of each report on this sender.
    """
    handle = sender._handle_rtcp_packet

    async def watch(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpPsfbPacket):
            if packet.fmt in (RTCP_PSFB_PLI, RTCP_PSFB_FIR):
                on_keyframe_request()
            elif packet.fmt == RTCP_PSFB_APP:
                bitrate = _remb_for(sender._ssrc, packet.fci)
                if bitrate is not None:
                    on_remb(bitrate)
        elif isinstance(packet, (RtcpRrPacket, RtcpSrPacket)):
            for report in packet.reports:
                if report.ssrc == sender._ssrc:
                    on_loss(report.fraction_lost / 256)
        await handle(packet)

    sender._handle_rtcp_packet = watch  # type: ignore[method-assign]


def limit_resends(sender: RTCRtpSender, clock: Callable[[], float] = monotonic) -> None:
    """Limit the retransmissions that a peer's NACKs cause, see `ResendLimit`."""
    handle = sender._handle_rtcp_packet
    resends = ResendLimit()

    async def limit(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpRtpfbPacket) and packet.fmt == RTCP_RTPFB_NACK:
            packet = resends.limited(packet, clock())
        await handle(packet)

    sender._handle_rtcp_packet = limit  # type: ignore[method-assign]


def _remb_for(ssrc: int, fci: bytes) -> int | None:
    try:
        bitrate, ssrcs = unpack_remb_fci(fci)
    except ValueError:  # an application layer message other than REMB
        return None
    return bitrate if ssrc in ssrcs else None
