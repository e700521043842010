"""A peer that sends video."""

import logging
from collections.abc import Callable
from time import monotonic

from aiortc import RTCRtpTransceiver
from aiortc.sdp import SessionDescription

from acutance.server.encoding.outbound_media import OutboundMedia
from acutance.server.encoding.rendition import Variant
from acutance.server.rtc.candidates import TrickledCandidates
from acutance.server.rtc.connection import Connection
from acutance.server.rtc.data_channel import DataChannel
from acutance.server.rtc.session_description import negotiated_codec
from acutance.server.security.quota import Client
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.headroom import SessionLoad
from acutance.server.sessions.publisher.applied_settings import AppliedSettings
from acutance.server.sessions.publisher.forwards import Forwards
from acutance.server.sessions.publisher.idle import watch_idle
from acutance.server.sessions.publisher.inbound_media import InboundMedia
from acutance.server.sessions.publisher.memory_masks import send_masks
from acutance.server.sessions.publisher.statistics import SessionStatistics
from acutance.server.sessions.settings import SessionSettings
from acutance.server.sessions.snapshots import PublisherSnapshot, StreamSnapshot

log = logging.getLogger(__name__)

# Maximum number of encoded frames that wait for the peer. Then the encoder waits too, so that raw frames are dropped
# instead of encoded ones.
_RETURN_DEPTH = 1


class Publisher(Connection):
    """A peer that sends video. Its session may return the enhanced video to it, and others may watch the stream.

    Attributes:
        media: the media that the peer sends.
        forwards: the forwards of the stream.
        audio_codec: codec of the audio that the peer sends; empty for none.
    """

    def __init__(
        self,
        context: ServerContext,
        client: Client,
        settings: SessionSettings,
        on_closed: Callable[["Publisher"], None],
        returns: bool = True,
        stream: str | None = None,
        clock: Callable[[], float] = monotonic,
    ):
        """Create it.

        Args:
            context: objects that all sessions share.
            client: the sender of the offer.
            settings: settings that the peer chose.
            on_closed: called once, when the session has ended.
            returns: whether the enhanced video is returned to the peer.
            stream: name of its stream; None if others may not watch it.
            clock: monotonic time in seconds.

        Raises:
            SettingError: the server has no such student.
        """
        super().__init__(context.network, context.limits, client, on_closed, clock)
        limits = context.limits
        self.media = InboundMedia(context, self.end, self._ask_for_restart, stream, clock)
        fan_out = self.media.fan_out
        self.forwards = Forwards(self, fan_out, context.network, limits)
        self.audio_codec = ""
        self._codec = ""
        self._began: float | None = None
        self._packets_before = 0
        self._transceiver: RTCRtpTransceiver | None = None
        self._returned = OutboundMedia(fan_out, limits.max_bitrate, self.end, _RETURN_DEPTH, clock) if returns else None
        rate = self._returned.rate if self._returned is not None else None
        pipeline = self.media.pipeline
        self._settings = AppliedSettings(context.ladder, limits, pipeline.choices, rate, settings, self.forget)
        self._statistics = SessionStatistics(self.name, context, self.media, clock)
        self._channel = DataChannel(self._on_message, limits.max_messages_per_second)

    def forget(self) -> None:
        """Forget what is remembered of the call, and what was learned of it."""
        self.media.forget()

    def ask_to_move(self) -> None:
        """Ask the peer to begin a session on another machine: this one is about to stop."""
        self._channel.send({"type": "moving"})

    def load(self) -> SessionLoad:
        """Return the load of this session for admission."""
        return self._statistics.load(self._clock() - self._began if self._began is not None else 0.0)

    def snapshot(self) -> PublisherSnapshot:
        """Return the state of this session."""
        pipeline = self.media.pipeline
        renditions = self.media.fan_out.snapshots()
        memory = pipeline.recall.snapshot if pipeline.recall is not None else None
        own = self._returned is not None and self._returned.joined
        return PublisherSnapshot(
            state=self.state,
            student=pipeline.choices.in_use.rung.name,
            size_in=pipeline.size_in,
            size_out=pipeline.size_out,
            frames=self.media.frames(),
            messages_refused=self._channel.refused,
            stream=StreamSnapshot(
                renditions=renditions,
                viewers=sum(rendition.receivers for rendition in renditions) - own,
                forwards=tuple(forward.state for forward in self.forwards),
            ),
            memory=memory,
            memory_age=memory.age_seconds(pipeline.interval.seconds) if memory is not None else None,
        )

    def _prepare(self) -> None:
        self.peer.on("datachannel", self._channel.opened)
        self.media.listen(self.peer, self._return_audio)
        if self._returned is not None:
            self._transceiver = self._returned.add_video(self.peer, "sendrecv")
        else:
            self._transceiver = self.media.add_video(self.peer)

    def _return_audio(self) -> None:
        if self._returned is not None:
            self._returned.add_audio(self.peer)

    def _negotiated(self, answer: SessionDescription) -> None:
        self._codec, self.audio_codec = negotiated_codec(answer), negotiated_codec(answer, "audio")
        self.forwards.audio_codec = self.audio_codec
        assert self._transceiver is not None  # set by `_prepare`
        if self.media.start(self._transceiver.receiver, self.spawn) and self._returned is not None:
            self._returned.join(Variant.ENHANCED, self._codec, self.audio_codec)
            self._statistics.follow_returned(self._transceiver)

    def _begin(self) -> None:
        self._began = self._clock()
        self.spawn(watch_idle(self.peer, self._limits.idle_timeout, self.end, self._clock))
        self.spawn(self._statistics.report(self.peer, self._codec, self._channel.send))
        if self.media.learning is not None:
            self.spawn(self.media.learning.run())
        recall, settings = self.media.pipeline.recall, self._settings
        self.spawn(send_masks(recall, lambda: settings.settings.memory_mask, self._channel.send))

    async def restart_ice(self, trickled: TrickledCandidates) -> str:
        """See `Connection.restart_ice`."""
        self._packets_before = self.media.packets
        return await super().restart_ice(trickled)

    def _path_changed(self) -> None:
        if self.media.packets > self._packets_before:
            return  # the old path still worked
        # What either side sent on the old path is lost, and older than a retransmission is worth.
        self.media.pipeline.coded.keyframes.ask()
        if self._returned is not None:
            self._returned.request_keyframe()

    def _notify_closing(self, reason: str) -> None:
        self._channel.send({"type": "closing", "reason": reason})

    async def _release(self) -> None:
        if self._returned is not None:
            self._returned.leave()
        await self.media.close()

    def _on_message(self, message: str | bytes) -> None:
        self._channel.send(self._settings.receive(message))

    def _ask_for_restart(self) -> None:
        log.warning("session %s: packets arrive, but no frame can be decoded for 3 s", self.name)
        reason = "packets arrive, but no frame can be decoded"
        self._channel.send({"type": "restart_sender", "reason": reason})
