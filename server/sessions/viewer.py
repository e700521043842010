"""A peer that watches a stream: it receives a rendition and the stream's audio, and sends no media."""

from collections.abc import Callable
from time import monotonic

from aiortc.sdp import SessionDescription

from acutance.server.encoding.outbound_media import OutboundMedia
from acutance.server.encoding.rendition import Variant
from acutance.server.rtc.connection import Connection
from acutance.server.rtc.session_description import negotiated_codec
from acutance.server.security.quota import Client
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.publisher.publisher import Publisher


class Viewer(Connection):
    """A peer that watches the stream of a publisher.

    Attributes:
        publisher: the publisher of the stream.
        variant: which variant of the video the peer receives.
    """

    def __init__(
        self,
        context: ServerContext,
        client: Client,
        publisher: Publisher,
        variant: Variant,
        on_closed: Callable[["Viewer"], None],
        clock: Callable[[], float] = monotonic,
    ):
        super().__init__(context.network, context.limits, client, on_closed, clock)
        self.publisher = publisher
        self.variant = variant
        self._media = OutboundMedia(publisher.media.fan_out, context.limits.max_bitrate, self.end, clock=clock)
        self._codec = self._audio_codec = ""

    def _prepare(self) -> None:
        self._media.add_video(self.peer)
        if any(media.kind == "audio" for media in self._offered.media):
            self._media.add_audio(self.peer, self.publisher.audio_codec or "opus")

    def _negotiated(self, answer: SessionDescription) -> None:
        self._codec = negotiated_codec(answer)
        self._audio_codec = negotiated_codec(answer, "audio")

    def _begin(self) -> None:
        # Not earlier: packets for a receiver that is not connected yet would pile up.
        self._media.join(self.variant, self._codec, self._audio_codec)

    def _path_changed(self) -> None:
        self._media.request_keyframe()

    def _notify_closing(self, reason: str) -> None:
        """Do nothing: the DTLS closure alert (RFC 5246, section 7.2.1) tells the peer."""

    async def _release(self) -> None:
        self._media.leave()
