"""Takes received frames and audio packets out of aiortc's receivers."""

import asyncio
from collections.abc import Callable
from fractions import Fraction
from time import monotonic
from typing import Any

import av
from aiortc import RTCRtpCodecParameters, RTCRtpReceiver
from aiortc.jitterbuffer import JitterFrame

from acutance.server.rtc.aiortc_private.decoder import DecoderQueue
from acutance.server.rtc.aiortc_private.timestamps import timestamps_of
from acutance.server.rtc.audio_order import AudioOrder
from acutance.server.rtc.frame_assembler import FrameAssembler
from acutance.server.rtc.loss_requests import MissingPackets

_REPEAT_S = 0.05
# A third of a second at 30 frames/s: a host that is busy only for a moment catches up.
_MAX_UNDECODED = 10


class FrameFeed:
    """Replaces a receiver's jitter buffer with a `FrameAssembler`, and reports each frame before it is decoded.

    Attributes:
        assembler: takes the received packets.
    """

    def __init__(
        self,
        receiver: RTCRtpReceiver,
        on_frame: Callable[[str, bytes, int], None],
        on_dropped: Callable[[], None],
        clock: Callable[[], float] = monotonic,
        decodes: Callable[[], bool] = lambda: True,
        wants_keyframe: Callable[[], bool] = lambda: False,
    ):
        """Take over the receiver, before its first packet.

        Args:
            receiver: of the incoming video track.
            on_frame: called on the event loop with the codec's name as in SDP, the frame's bytes and the ``pts`` that
                the decoded frame will have.
            on_dropped: called for each frame that is dropped because the decoder is too slow.
            clock: in seconds.
            decodes: called after ``on_frame``; returns whether this frame is decoded.
            wants_keyframe: called some twenty times per second; returns whether to request a keyframe.
        """
        self._receiver = receiver
        self._decodes = decodes
        self._on_frame = on_frame
        self._on_dropped = on_dropped
        self._wants_keyframe = wants_keyframe
        # Filled when the receiver starts.
        self._codecs: dict[int, RTCRtpCodecParameters] = receiver._RTCRtpReceiver__codecs  # type: ignore[attr-defined]
        self._timestamps = timestamps_of(receiver)
        self._decoding = DecoderQueue(receiver, self._take)
        self.assembler = FrameAssembler(
            lambda payload_type: self._codecs[payload_type].name, clock, self._timestamps.restart
        )
        receiver._RTCRtpReceiver__jitter_buffer = self.assembler  # type: ignore[attr-defined]
        receiver._RTCRtpReceiver__nack_generator = MissingPackets()  # type: ignore[attr-defined]

    async def watch(self) -> None:
        """Repeat unanswered requests for packets and keyframes, until cancelled."""
        while True:
            await asyncio.sleep(_REPEAT_S)
            if self.assembler.last is None:
                continue
            requests = self.assembler.due()
            self._deliver_more(self._codecs[self.assembler.last.payload_type])
            if requests.missing:
                # aiortc packs ascending numbers only; across the wrap ours would be a negative distance apart.
                await self._receiver._send_rtcp_nack(self.assembler.last.ssrc, sorted(requests.missing))
            if requests.keyframe or self._wants_keyframe():
                await self.ask_for_keyframe()

    async def ask_for_keyframe(self) -> None:
        """Send a PLI (RFC 4585, section 6.3.1) for the stream of the last packet."""
        if self.assembler.last is not None:
            await self._receiver._send_rtcp_pli(self.assembler.last.ssrc)

    def _take(self, codec: RTCRtpCodecParameters, frame: JitterFrame) -> None:
        self._deliver(codec, frame)
        self._deliver_more(codec)

    def _deliver_more(self, codec: RTCRtpCodecParameters) -> None:
        for frame in self.assembler.more():
            frame.timestamp = self._timestamps.map(frame.timestamp)
            self._deliver(codec, frame)

    def _deliver(self, codec: RTCRtpCodecParameters, frame: JitterFrame) -> None:
        # A decoder that falls behind would never catch up.
        if len(self._decoding) >= _MAX_UNDECODED:
            self.assembler.need_keyframe()
            self._on_dropped()
            return
        self._on_frame(codec.name, frame.data, frame.timestamp)
        if self._decodes():
            self._decoding.put(codec, frame)


class AudioFeed:
    """Takes audio packets as they arrive, in place of a receiver's jitter buffer and decoder.

    aiortc would delay them, decode them, and encode them again for every receiver.
    """

    def __init__(self, receiver: RTCRtpReceiver, on_packet: Callable[[str, "av.Packet[Any]"], None]):
        """Take over the receiver, before its first packet.

        Args:
            receiver: of the incoming audio track.
            on_packet: called on the event loop with the codec's name as in SDP and the packet; its pts and time base
                are those of the source.
        """
        self._on_packet = on_packet
        receiver._RTCRtpReceiver__jitter_buffer = AudioOrder(timestamps_of(receiver).restart)  # type: ignore[attr-defined]
        DecoderQueue(receiver, self._take)

    def _take(self, codec: RTCRtpCodecParameters, frame: JitterFrame) -> None:
        if not frame.data:
            return
        packet: av.Packet[Any] = av.Packet(frame.data)
        packet.pts = packet.dts = frame.timestamp
        # G.722's RTP clock is half of its sampling rate (RFC 3551, section 4.5.2); aiortc knows.
        packet.time_base = Fraction(1, codec.clockRate)
        self._on_packet(codec.name, packet)
