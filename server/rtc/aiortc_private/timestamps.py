"""Timestamps and sender reports of aiortc's receivers and senders."""

from collections.abc import Callable
from time import monotonic

from aiortc import RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import AnyRtcpPacket, RtcpSrPacket

from acutance.server.rtc.aiortc_private.clock import ntp_time
from acutance.server.rtc.packet_track import PacketTrack
from acutance.server.rtc.timestamp_mapper import TimestampMapper


def timestamps_of(receiver: RTCRtpReceiver) -> TimestampMapper:
    """Return a receiver's mapper from RTP timestamps to ``pts``; the first call replaces aiortc's mapper with ours."""
    mapper = receiver._RTCRtpReceiver__timestamp_mapper  # type: ignore[attr-defined]
    if not isinstance(mapper, TimestampMapper):
        mapper = TimestampMapper()
        receiver._RTCRtpReceiver__timestamp_mapper = mapper  # type: ignore[attr-defined]
    return mapper


class ReturnedTimestamps:
    """The difference between the RTP timestamps of returned frames and of the same frames when they were received.

    A frame keeps its pts through the server. Received pts count from the stream's first timestamp, and aiortc adds a
    random number to what it sends (RFC 3550, section 5.1): the difference is constant until the sender restarts.
    """

    def __init__(self, receiver: RTCRtpReceiver, sender: RTCRtpSender):
        """Watch the sender, before its first frame.

        Args:
            receiver: of the incoming video track.
            sender: of the returned track.
        """
        self._received = timestamps_of(receiver)
        self._added: int | None = None
        take = sender._next_encoded_frame
        sent: int | None = None  # timestamp before aiortc's addition

        async def watch(codec: RTCRtpCodecParameters) -> RTCEncodedFrame | None:
            nonlocal sent
            # The sender takes a frame when the one before has been sent.
            if self._added is None and sent is not None:
                self._added = sender._RTCRtpSender__rtp_timestamp - sent  # type: ignore[attr-defined]
            frame = await take(codec)
            if frame is not None:
                sent = frame.timestamp
            return frame

        sender._next_encoded_frame = watch  # type: ignore[method-assign]

    @property
    def offset(self) -> int | None:
        """Returned minus received timestamp, modulo 2^32; None before the second frame was returned."""
        if self._added is None or self._received.origin is None:
            return None
        return (self._added - self._received.origin) % (1 << 32)


def report_arrival_times(sender: RTCRtpSender, track: PacketTrack, clock: Callable[[], float] = monotonic) -> None:
    """Make a sender's reports (RFC 3550, section 6.4.1) state when a frame arrived instead of when it was sent.

    Enhancement delays video but not audio: with the times of sending, receivers would play the audio too early. aiortc
    stores the time after it has sent a frame, and then takes the next one.

    Args:
        sender: of the returned video.
        track: the track that it sends.
        clock: the one of `PacketTrack.arrived`, in seconds.
    """
    take = sender._next_encoded_frame

    async def dated(codec: RTCRtpCodecParameters) -> RTCEncodedFrame | None:
        if track.arrived is not None:
            age = int((clock() - track.arrived) * (1 << 32))
            sender._RTCRtpSender__ntp_timestamp = ntp_time() - age  # type: ignore[attr-defined]
        return await take(codec)

    sender._next_encoded_frame = dated  # type: ignore[method-assign]


def watch_sender_reports(receiver: RTCRtpReceiver, on_report: Callable[[float, int], None]) -> None:
    """Pass on the sender reports (RFC 3550, section 6.4.1) of a received track; aiortc keeps them private.

    Args:
        receiver: of the track.
        on_report: called on the event loop with the sender's NTP time in seconds, and the ``pts`` of a frame at that
            time.
    """
    handle = receiver._handle_rtcp_packet
    timestamps = timestamps_of(receiver)

    async def watch(packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket) and packet.sender_info.packet_count:
            pts = timestamps.pts_of(packet.sender_info.rtp_timestamp)
            if pts is not None:
                on_report(packet.sender_info.ntp_timestamp / (1 << 32), pts)
        await handle(packet)

    receiver._handle_rtcp_packet = watch  # type: ignore[method-assign]
