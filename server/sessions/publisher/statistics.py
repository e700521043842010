"""Statistics of a session, for the peer's page and for the admission of further sessions."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from aiortc import RTCPeerConnection, RTCRtpTransceiver

from acutance.server.encoding.rendition import RenditionSnapshot, Variant
from acutance.server.rtc.aiortc_private.timestamps import ReturnedTimestamps
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.headroom import SessionLoad
from acutance.server.sessions.publisher.inbound_media import InboundMedia
from acutance.server.sessions.publisher.sender_size import SenderSize
from acutance.server.telemetry.counters import Counters
from acutance.server.telemetry.traffic import Traffic
from acutance.server.video.pass_reason import code_of

_PERIOD_S = 1.0


class SessionStatistics:
    """Measures one session each second."""

    def __init__(
        self, session: str, context: ServerContext, media: InboundMedia, clock: Callable[[], float] = monotonic
    ):
        """Create it.

        Args:
            session: name of the session.
            context: objects that all sessions share.
            media: media that the peer sends.
            clock: monotonic time in seconds.
        """
        self._session = session
        self._context = context
        self._media = media
        self._clock = clock
        self._rate = Counters().since(Counters(), 1.0)  # by counter, in frames/s over the last period
        self._traffic = Traffic()
        self._sender_size = SenderSize()
        self._timestamps: ReturnedTimestamps | None = None

    def follow_returned(self, transceiver: RTCRtpTransceiver) -> None:
        """Observe the RTP timestamps of the returned frames. Call it before the first one."""
        self._timestamps = ReturnedTimestamps(transceiver.receiver, transceiver.sender)

    async def report(self, peer: RTCPeerConnection, codec: str, send: Callable[[dict[str, Any]], object]) -> None:
        """Send a message with statistics each second, until cancelled.

        Args:
            peer: the connection.
            codec: codec of the video.
            send: called with each message.
        """
        while True:
            await asyncio.sleep(_PERIOD_S)
            self.refresh()
            for receiver in peer.getReceivers()[:1]:  # all receivers of a bundle share one transport
                await self._traffic.measure(receiver, self._clock())
            send(self.message(codec))

    def refresh(self) -> None:
        """Compute the rates since the last call."""
        self._rate = self._media.telemetry.rates()

    def load(self, age: float) -> SessionLoad:
        """Return the load of the session for admission; ``age`` is the time since the peer connected, in seconds."""
        pipeline = self._media.pipeline
        width, height = pipeline.size_out or (0, 0)
        governor = pipeline.choices.in_use
        return SessionLoad(
            age=age,
            student=governor.rung.cpu_per_pixel * width * height * self._rate["enhanced"],
            received=self._rate["received"],
            # A stream without receivers returns no frames, but is not overloaded.
            returned=self._rate["returned" if self._enhanced() else "received"],
            can_yield=governor.rung != governor.rungs[-1],
        )

    def message(self, codec: str) -> dict[str, Any]:
        """Return the message for the page, see static/call/protocol.js."""
        pipeline, telemetry = self._media.pipeline, self._media.telemetry
        governor, rendition, ladder = pipeline.choices.in_use, self._enhanced(), self._context.ladder
        engine = ladder.engine_of(governor.rung)
        return {
            "type": "stats",
            "session": self._session,
            "codec": codec,
            "encoder": rendition.encoder if rendition else None,
            "bitrate": rendition.bitrate if rendition else 0,
            "received_bitrate": self._traffic.received,
            "returned_bitrate": self._traffic.returned,
            "keyframes": rendition.keyframes if rendition else 0,
            "student": governor.rung.name,
            "students": [rung.name for rung in ladder.rungs],
            "rung_reason": governor.reason,
            "provider": engine.provider if engine else None,
            "provider_note": engine.note if engine else None,
            "size_in": pipeline.size_in,
            "size_out": pipeline.size_out,
            "advised_reduction": self._advised_reduction(codec),
            "rtp_offset": self._timestamps.offset if self._timestamps else None,
            "rate": self._rate,
            "frames": telemetry.counters.counts(),
            "stages": telemetry.stages(),
            "memory": self._memory(),
            "learned": self._learned(),
            "passed_reason": telemetry.passed_reason,
            "passed_code": code_of(telemetry.passed_reason),
            "loop_lag_ms": self._context.loop_lag.p99_ms(),
            "busy": self._context.load.busy,
        }

    def _advised_reduction(self, codec: str) -> float:
        """Return by how much the sender should reduce width and height, see static/call/protocol.js."""
        choices, recall = self._media.pipeline.choices, self._media.pipeline.recall
        if not (self._context.limits.advise_size and choices.output.restores and choices.pass_reason is None):
            return 1.0  # without a student, smaller frames are only enlarged
        return self._sender_size.note(
            self._clock(),
            codec,
            self._traffic.received,
            self._rate["received"],
            self._media.pipeline.size_out,
            memory=recall is not None and choices.remember,
        )

    def _memory(self) -> dict[str, float | None] | None:
        """Return what is remembered of the last frame, see static/call/protocol.js; None without a memory."""
        pipeline = self._media.pipeline
        if pipeline.recall is None:
            return None
        last = pipeline.recall.snapshot
        age = last.age_seconds(pipeline.interval.seconds)
        seconds = None if age is None else round(age, 1)
        return {
            "share": round(last.share, 3),
            "age": seconds,
            "ms": round(last.seconds * 1000, 1),
        }

    def _learned(self) -> float | None:
        """Return how many seconds ago the student was fitted to the call; None if it was not."""
        seconds = None if self._media.learning is None else self._media.learning.seconds
        return None if seconds is None else round(seconds, 1)

    def _enhanced(self) -> RenditionSnapshot | None:
        # The first one is the peer's own if the video is returned to it.
        renditions = self._media.fan_out.snapshots()
        return next((each for each in renditions if each.variant is Variant.ENHANCED), None)
