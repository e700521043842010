"""Every touch of a private name of aiortc, each with a contract test that fails loudly when aiortc changes."""

import asyncio
from collections.abc import Callable
from fractions import Fraction
from time import monotonic
from typing import Any

import av
from aiortc import RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.clock import current_ntp_time
from aiortc.jitterbuffer import JitterFrame
from aiortc.rtcrtpsender import RTCEncodedFrame
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpSrPacket,
    unpack_remb_fci,
)

from server.jitter import FrameAssembler
from server.packet_track import PacketTrack
from server.sound_order import SoundOrder

_REPEAT_S = 0.05
# A third of a second behind: a machine that is only busy for a moment catches up.
_MOST_UNDECODED = 10


def watch_feedback(
    sender: RTCRtpSender,
    on_keyframe_request: Callable[[], None],
    on_remb: Callable[[int], None],
    on_loss: Callable[[float], None],
) -> None:
    """Tell an encoder of ours what the receiver asks for.

    A track that returns packets leaves aiortc's own encoder idle, and PLI, FIR (RFC 4585, RFC 5104) and REMB
    end there. They arrive at a private coroutine of the sender, which is wrapped here on the instance.

    Args:
        sender: of the returned track.
        on_keyframe_request: called on the event loop for each PLI and FIR.
        on_remb: called on the event loop with bits a second for each REMB that names this sender.
        on_loss: called on the event loop with the share of packets lost, 0 to 1, for each report on this sender.
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


class FrameFeed:
    """Puts a `FrameAssembler` in the place of a receiver's jitter buffer, and sees every frame go to the decoder.

    aiortc keeps both to itself: a private buffer, and a private queue to the decoder's thread whose ``put`` is
    wrapped here on the instance.
    """

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        on_frame: Callable[[str, bytes, int], None],
        on_dropped: Callable[[], None],
        clock: Callable[[], float] = monotonic,
        decodes: bool = True,
    ):
        """Take the receiver over. Before its first packet.

        Args:
            receiver: of the video track that arrives.
            on_frame: called on the event loop with the codec's name as in SDP, the frame's bytes and its time stamp,
                the ``pts`` of the decoded frame.
            on_dropped: called for each frame that the decoder is too slow for.
            clock: in seconds.
            decodes: whether frames go on to the decoder.
        """
        self._receiver = receiver
        self._decodes = decodes
        self._on_frame = on_frame
        self._on_dropped = on_dropped
        # Filled when the receiver starts.
        self._codecs: dict[int, RTCRtpCodecParameters] = receiver._RTCRtpReceiver__codecs  # type: ignore[attr-defined]
        self._timestamps = receiver._RTCRtpReceiver__timestamp_mapper  # type: ignore[attr-defined]
        self._decoding = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
        self.assembler = FrameAssembler(lambda payload_type: self._codecs[payload_type].name, clock)
        receiver._RTCRtpReceiver__jitter_buffer = self.assembler  # type: ignore[attr-defined]
        self._put = self._decoding.put
        self._decoding.put = self._take

    async def watch(self) -> None:
        """Repeat what was asked for and not answered, until cancelled."""
        while True:
            await asyncio.sleep(_REPEAT_S)
            if self.assembler.last is None:
                continue
            requests = self.assembler.due()
            self._deliver_more(self._codecs[self.assembler.last.payload_type])
            if requests.missing:
                await self._receiver._send_rtcp_nack(self.assembler.last.ssrc, list(requests.missing))
            if requests.keyframe:
                await self.ask_for_keyframe()

    async def ask_for_keyframe(self) -> None:
        """Send a PLI (RFC 4585, section 6.3.1) for the stream that came last."""
        if self.assembler.last is not None:
            await self._receiver._send_rtcp_pli(self.assembler.last.ssrc)

    def _take(self, task: tuple[RTCRtpCodecParameters, JitterFrame] | None) -> None:
        if task is None:  # the end
            self._put(task)
            return
        codec, frame = task
        self._deliver(codec, frame)
        self._deliver_more(codec)

    def _deliver_more(self, codec: RTCRtpCodecParameters) -> None:
        for frame in self.assembler.more():
            frame.timestamp = self._timestamps.map(frame.timestamp)
            self._deliver(codec, frame)

    def _deliver(self, codec: RTCRtpCodecParameters, frame: JitterFrame) -> None:
        # The queue itself has no bound: a decoder that falls behind would never catch up.
        if self._decoding.qsize() >= _MOST_UNDECODED:
            self.assembler.need_keyframe()
            self._on_dropped()
            return
        self._on_frame(codec.name, frame.data, frame.timestamp)
        if self._decodes:
            self._put((codec, frame))


class SoundFeed:
    """Takes the sound's packets as they come, in the place of a receiver's jitter buffer and decoder.

    aiortc would hold them back, decode them and encode them again for every receiver.
    """

    def __init__(self, receiver: RTCRtpReceiver, on_packet: Callable[[str, "av.Packet[Any]"], None]):
        """Take the receiver over. Before its first packet.

        Args:
            receiver: of the audio track that arrives.
            on_packet: called on the event loop with the codec's name as in SDP and the packet, its pts and time base
                those of the source.
        """
        self._on_packet = on_packet
        receiver._RTCRtpReceiver__jitter_buffer = SoundOrder()  # type: ignore[attr-defined]
        decoding = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
        self._put = decoding.put
        decoding.put = self._take

    def _take(self, task: tuple[RTCRtpCodecParameters, JitterFrame] | None) -> None:
        if task is None:  # the end, which ends the decoder's thread
            self._put(task)
            return
        codec, frame = task
        if not frame.data:
            return
        packet: av.Packet[Any] = av.Packet(frame.data)
        packet.pts = packet.dts = frame.timestamp
        # G.722's RTP clock is half of its sampling rate (RFC 3551, section 4.5.2); aiortc knows.
        packet.time_base = Fraction(1, codec.clockRate)
        self._on_packet(codec.name, packet)


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


def _remb_for(ssrc: int, fci: bytes) -> int | None:
    try:
        bitrate, ssrcs = unpack_remb_fci(fci)
    except ValueError:  # some other application's message
        return None
    return bitrate if ssrc in ssrcs else None


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
