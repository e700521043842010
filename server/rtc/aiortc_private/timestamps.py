"""What aiortc keeps to itself of time: time stamps and sender reports; a contract test for each touch."""

from collections.abc import Callable
from time import monotonic

from aiortc import RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.clock import current_ntp_time
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from acutance.server.rtc.packet_track import PacketTrack


class ReturnedTimestamps:
    """How far the RTP time stamps of the returned frames are from those that the same frames came with.

    A frame keeps its pts through the server. aiortc counts a received pts from the stream's first time stamp, and adds
    a random one to what it sends (RFC 3550, section 5.1), so that the difference is one number for the whole session.

    Attributes:
        offset: returned less received time stamp, modulo 2^32; None before the second frame went back.
    """

    def __init__(self, receiver: RTCRtpReceiver, sender: RTCRtpSender):
        """Watch what is sent. Before its first frame.

        Args:
            receiver: of the video track that arrives.
            sender: of the returned track.
        """
        self.offset: int | None = None
        mapper = receiver._RTCRtpReceiver__timestamp_mapper  # type: ignore[attr-defined]
        take = sender._next_encoded_frame
        sent: int | None = None  # time stamp before aiortc's addition

        async def watch(codec: RTCRtpCodecParameters) -> RTCEncodedFrame | None:
            nonlocal sent
            # The sender takes a frame when the one before has gone.
            if self.offset is None and sent is not None and mapper._origin is not None:
                returned = sender._RTCRtpSender__rtp_timestamp  # type: ignore[attr-defined]
                self.offset = (returned - sent - mapper._origin) % (1 << 32)
            frame = await take(codec)
            if frame is not None:
                sent = frame.timestamp
            return frame

        sender._next_encoded_frame = watch  # type: ignore[method-assign]


def date_reports(sender: RTCRtpSender, track: PacketTrack, clock: Callable[[], float] = monotonic) -> None:
    """Have a sender's reports (RFC 3550, section 6.4.1) tell when a picture came to the server, not when it went.

    Sound passes through at once and a picture takes its time: by reports of when each went, receivers would play the
    sound too early. aiortc notes the time when a frame has gone, and then takes the next one.

    Args:
        sender: of the returned picture.
        track: what it sends.
        clock: the one of `PacketTrack.arrived`.
    """
    take = sender._next_encoded_frame

    async def dated(codec: RTCRtpCodecParameters) -> RTCEncodedFrame | None:
        if track.arrived is not None:
            age = int((clock() - track.arrived) * (1 << 32))
            sender._RTCRtpSender__ntp_timestamp = current_ntp_time() - age  # type: ignore[attr-defined]
        return await take(codec)

    sender._next_encoded_frame = dated  # type: ignore[method-assign]


def watch_sender_reports(receiver: RTCRtpReceiver, on_report: Callable[[float, int], None]) -> None:
    """Tell of a sender's reports (RFC 3550, section 6.4.1), which aiortc reads and keeps to itself.

    Args:
        receiver: of the track.
        on_report: called on the event loop with the sender's clock in seconds, and the time stamp at that instant as
            the track's frames have it.
    """
    handle = receiver._handle_rtcp_packet
    timestamps = receiver._RTCRtpReceiver__timestamp_mapper  # type: ignore[attr-defined]

    async def watch(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket) and packet.sender_info.packet_count and timestamps._origin is not None:
            ahead = (packet.sender_info.rtp_timestamp - timestamps._origin) & 0xFFFFFFFF
            # The first report may be of before the first packet that came.
            ahead -= (ahead >> 31) << 32
            on_report(packet.sender_info.ntp_timestamp / (1 << 32), ahead)
        await handle(packet)

    receiver._handle_rtcp_packet = watch  # type: ignore[method-assign]
