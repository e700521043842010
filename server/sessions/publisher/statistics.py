"""What is measured of a session: for the peer's page, and for the admission of the next session."""

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
from acutance.server.telemetry.counters import Counters
from acutance.server.telemetry.traffic import Traffic

_PERIOD_S = 1.0


class SessionStatistics:
    """Measures one session, second by second."""

    def __init__(
        self, session: str, context: ServerContext, media: InboundMedia, clock: Callable[[], float] = monotonic
    ):
        """Create it.

        Args:
            session: name of the session.
            context: of the server.
            media: of the session.
            clock: in seconds.
        """
        self._session = session
        self._context = context
        self._media = media
        self._clock = clock
        self._rate = Counters().since(Counters(), 1.0)  # of each counter, frames/s over the last period
        self._traffic = Traffic()
        self._timestamps: ReturnedTimestamps | None = None

    def follow_returned(self, transceiver: RTCRtpTransceiver) -> None:
        """Measure the time stamps of the frames that the peer gets back. Before the first of them."""
        self._timestamps = ReturnedTimestamps(transceiver.receiver, transceiver.sender)

    async def report(self, peer: RTCPeerConnection, codec: str, send: Callable[[dict[str, Any]], object]) -> None:
        """Send a message of statistics each second, until cancelled.

        Args:
            peer: the connection.
            codec: of the video.
            send: called with each message.
        """
        while True:
            await asyncio.sleep(_PERIOD_S)
            self.refresh()
            for receiver in peer.getReceivers()[:1]:  # all of a bundle share one transport
                await self._traffic.measure(receiver, self._clock())
            send(self.message(codec))

    def refresh(self) -> None:
        """End a period: rates are those since the last call."""
        self._rate = self._media.telemetry.rates()

    def load(self, age: float) -> SessionLoad:
        """Return the load of the session for admission; ``age`` is in seconds since the peer was connected."""
        pipeline = self._media.pipeline
        width, height = pipeline.size_out or (0, 0)
        governor = pipeline.choices.governor
        return SessionLoad(
            age=age,
            student=governor.rung.cpu_per_pixel * width * height * self._rate["enhanced"],
            received=self._rate["received"],
            # A stream without receivers returns nothing, and is not late.
            returned=self._rate["returned" if self._enhanced() else "received"],
            can_yield=governor.rung != governor.rungs[-1],
        )

    def message(self, codec: str) -> dict[str, Any]:
        """Return the message for the page, see static/call/protocol.js."""
        pipeline, telemetry = self._media.pipeline, self._media.telemetry
        governor, rendition, ladder = pipeline.choices.governor, self._enhanced(), self._context.ladder
        engine = ladder.engines.get(governor.rung.name)
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
            "rtp_offset": self._timestamps.offset if self._timestamps else None,
            "rate": self._rate,
            "frames": telemetry.counters.counts(),
            "stages": telemetry.stages(),
            "passed_reason": telemetry.passed_reason,
            "loop_lag_ms": self._context.loop_lag.p99_ms(),
            "busy": self._context.load.busy,
        }

    def _enhanced(self) -> RenditionSnapshot | None:
        # The first one: the peer's own, where it gets its video back.
        renditions = self._media.fan_out.snapshots()
        return next((each for each in renditions if each.variant is Variant.ENHANCED), None)
