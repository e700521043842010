"""The media sent to one peer: its tracks, and the RTCP feedback from the peer."""

from collections.abc import Callable
from time import monotonic
from typing import Literal

from aiortc import RTCPeerConnection, RTCRtpTransceiver

from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.fan_out import FanOut
from acutance.server.encoding.rendition import Subscription, Variant
from acutance.server.rtc.aiortc_private.feedback import watch_feedback
from acutance.server.rtc.aiortc_private.timestamps import report_arrival_times
from acutance.server.rtc.codecs import codecs_with_first
from acutance.server.rtc.packet_track import AUDIO_DEPTH, VIDEO_DEPTH, PacketTrack


class OutboundMedia:
    """Sends a stream to one peer. Lives on one event loop.

    Tracks are added before the negotiation; packets flow from `join` until `leave`. PLI and FIR of the peer request
    a keyframe; REMB and loss set the bit rate. Sender reports state when a frame arrived at the server.

    Attributes:
        rate: the peer's rate control.
        joined: whether packets flow.
    """

    def __init__(
        self,
        fan_out: FanOut,
        max_bitrate: int,
        on_lost: Callable[[str], object],
        depth: int = VIDEO_DEPTH,
        clock: Callable[[], float] = monotonic,
    ):
        """Create the video track.

        Args:
            fan_out: of the stream.
            max_bitrate: maximum bit rate of the video, in bit/s.
            on_lost: called with the reason, in words, when no more packets will follow.
            depth: maximum number of video packets that wait for the peer.
            clock: in seconds.
        """
        self.rate = RateControl(max_bitrate)
        self.joined = False
        self._fan_out = fan_out
        self._clock = clock
        self._video = PacketTrack("video", depth)
        self._audio: PacketTrack | None = None
        self._subscription = Subscription(self._video, self.rate, on_lost)

    def add_video(
        self, peer: RTCPeerConnection, direction: Literal["sendonly", "sendrecv"] = "sendonly"
    ) -> RTCRtpTransceiver:
        """Add the video track to a peer connection, H.264 before the other codecs."""
        transceiver = peer.addTransceiver(self._video, direction=direction)
        transceiver.setCodecPreferences(codecs_with_first("video", "H264"))
        sender, rate = transceiver.sender, self.rate
        # The rendition that the track joins sets `on_behind`.
        watch_feedback(sender, lambda: self._video.on_behind(), rate.on_remb, rate.on_loss)
        report_arrival_times(sender, self._video, self._clock)
        return transceiver

    def add_audio(self, peer: RTCPeerConnection, codec: str = "", only: bool = False) -> None:
        """Add the audio track to a peer connection.

        Args:
            peer: the connection.
            codec: codec of the stream's audio, offered first because audio is not encoded again; empty to use the audio
                section that the peer offered.
            only: whether no other codec is offered.
        """
        self._audio = PacketTrack("audio", AUDIO_DEPTH)
        if not codec:
            peer.addTrack(self._audio)
            return
        codecs = codecs_with_first("audio", codec)
        peer.addTransceiver(self._audio, direction="sendonly").setCodecPreferences(codecs[:1] if only else codecs)

    def join(self, variant: Variant, codec: str, audio_codec: str) -> None:
        """Start to send a variant of the stream in the negotiated codecs, beginning with a keyframe.

        Call it when the peer is connected, or earlier if it is the only receiver: others would be behind at once.
        """
        self.joined = True
        self._fan_out.join(variant, codec, self._subscription)
        if self._audio is not None:
            self._fan_out.join_audio(audio_codec, self._audio)

    def request_keyframe(self) -> None:
        """Send a keyframe soon: the peer has lost frames."""
        self._video.on_behind()  # set by the rendition that the track has joined

    def leave(self) -> None:
        """End both tracks; may be called before `join`, and more than once."""
        self.joined = False
        self._fan_out.leave(self._subscription)
        self._video.stop()
        if self._audio is not None:
            self._fan_out.leave_audio(self._audio)
            self._audio.stop()
