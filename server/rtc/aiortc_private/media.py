"""Every touch of a private name of aiortc, each with a contract test that fails loudly when aiortc changes."""

import asyncio
from collections.abc import Callable
from fractions import Fraction
from time import monotonic
from typing import Any

import av
from aiortc import RTCRtpCodecParameters, RTCRtpReceiver, RTCRtpSender
from aiortc.jitterbuffer import JitterFrame
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

from acutance.server.rtc.aiortc_private.timestamps import timestamps_of
from acutance.server.rtc.frame_assembler import FrameAssembler
from acutance.server.rtc.sound_order import SoundOrder

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
        self._timestamps = timestamps_of(receiver)
        self._decoding = receiver._RTCRtpReceiver__decoder_queue  # type: ignore[attr-defined]
        self.assembler = FrameAssembler(
            lambda payload_type: self._codecs[payload_type].name, clock, self._timestamps.restart
        )
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
        receiver._RTCRtpReceiver__jitter_buffer = SoundOrder(timestamps_of(receiver).restart)  # type: ignore[attr-defined]
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


def _remb_for(ssrc: int, fci: bytes) -> int | None:
    try:
        bitrate, ssrcs = unpack_remb_fci(fci)
    except ValueError:  # some other application's message
        return None
    return bitrate if ssrc in ssrcs else None
