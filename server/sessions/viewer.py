"""A peer that watches a stream: receives a rendition's packets and the stream's sound, and sends nothing."""

from collections.abc import Callable
from time import monotonic

from aiortc import RTCRtpTransceiver

from acutance.server.encoding.bitrate import RateControl
from acutance.server.encoding.rendition import Subscription, Variant
from acutance.server.rtc.aiortc_private.media import watch_feedback
from acutance.server.rtc.aiortc_private.timestamps import date_reports
from acutance.server.rtc.connection import Connection, codecs_with_first
from acutance.server.rtc.packet_track import PICTURE_DEPTH, SOUND_DEPTH, PacketTrack
from acutance.server.rtc.session_description import negotiated_codec
from acutance.server.security.quota import Client
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.publisher import Session


class Viewer(Connection):
    """One of any number that watch a publisher's stream.

    Attributes:
        publisher: of the stream.
        variant: which picture of it.
    """

    def __init__(
        self,
        context: ServerContext,
        client: Client,
        publisher: Session,
        variant: Variant,
        on_closed: Callable[["Viewer"], None],
        clock: Callable[[], float] = monotonic,
    ):
        super().__init__(context.network, context.limits, client, on_closed, clock)
        self.publisher = publisher
        self.variant = variant
        self._fan_out = publisher.pipeline.fan_out
        track, rate = PacketTrack("video", PICTURE_DEPTH), RateControl(context.limits.max_bitrate)
        self._picture = Subscription(track, rate, self.end)
        self._sound = PacketTrack("audio", SOUND_DEPTH)
        self._codec = self._sound_codec = ""
        self._transceiver: RTCRtpTransceiver | None = None

    def _prepare(self) -> None:
        self._transceiver = self.peer.addTransceiver(self._picture.track, direction="sendonly")
        self._transceiver.setCodecPreferences(codecs_with_first("video", "H264"))
        if any(media.kind == "audio" for media in self._offered.media):
            # Sound is passed on as it came: another codec than the publisher's would stay silent.
            sound = self.peer.addTransceiver(self._sound, direction="sendonly")
            sound.setCodecPreferences(codecs_with_first("audio", self.publisher.sound or "opus"))

    def _negotiated(self, answer: str) -> None:
        self._codec = negotiated_codec(answer)
        self._sound_codec = negotiated_codec(answer, "audio")

    def _begin(self) -> None:
        # Not before: a receiver that cannot take packets yet would be behind from the first one on.
        track, rate = self._picture.track, self._picture.rate
        self._fan_out.join(self.variant, self._codec, self._picture)
        self._fan_out.join_sound(self._sound_codec, self._sound)
        assert self._transceiver is not None  # connected, hence negotiated
        date_reports(self._transceiver.sender, track, self._clock)
        watch_feedback(self._transceiver.sender, lambda: track.on_behind(), rate.on_remb, rate.on_loss)

    def _say_goodbye(self, reason: str) -> None:
        """There is no way but to close: its closure alert (RFC 5246, section 7.2.1) tells the peer."""

    async def _release(self) -> None:
        self._fan_out.leave(self._picture)
        self._fan_out.leave_sound(self._sound)
        self._picture.track.stop()
        self._sound.stop()
