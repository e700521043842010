"""What is said of a session: to its peer's page, and to whoever admits the next one."""

from dataclasses import dataclass, field
from typing import Any

from acutance.server.rtc.aiortc_private.timestamps import ReturnedTimestamps
from acutance.server.sessions.context import ServerContext
from acutance.server.sessions.headroom import Running
from acutance.server.telemetry.counters import Counters, Telemetry
from acutance.server.telemetry.traffic import Traffic
from acutance.server.video.pipeline import Pipeline


@dataclass
class Report:
    """Reads the figures of one session.

    Attributes:
        rate: of each counter, frames a second since the refresh before the last one.
        timestamps: of the frames that go back; None before they do.
        traffic: of the whole connection.
    """

    session: str
    context: ServerContext
    telemetry: Telemetry
    pipeline: Pipeline
    rate: dict[str, float] = field(default_factory=lambda: Counters().since(Counters(), 1.0))
    timestamps: ReturnedTimestamps | None = None
    traffic: Traffic = field(default_factory=Traffic)

    def refresh(self) -> None:
        """Begin a new second."""
        self.rate = self.telemetry.rates()

    def running(self, age: float) -> Running:
        """Return what admission must know; ``age`` is in seconds."""
        width, height = self.pipeline.size_out or (0, 0)
        rung = self.pipeline.choices.governor.rung
        return Running(
            age=age,
            student=rung.cpu_per_pixel * width * height * self.rate["enhanced"],
            received=self.rate["received"],
            # What nobody watches is not late.
            returned=self.rate["returned" if self.pipeline.encoder else "received"],
            can_yield=rung != self.pipeline.choices.governor.rungs[-1],
        )

    def statistics(self, codec: str) -> dict[str, Any]:
        """Return what the page shows, see static/call/protocol.js."""
        pipeline, governor = self.pipeline, self.pipeline.choices.governor
        encoder = pipeline.encoder
        ladder = self.context.ladder
        engine = ladder.engines.get(governor.rung.name)
        return {
            "type": "stats",
            "session": self.session,
            "codec": codec,
            "encoder": encoder.name if encoder else None,
            "bitrate": encoder.bitrate if encoder else 0,
            "received_bitrate": self.traffic.received,
            "returned_bitrate": self.traffic.returned,
            "keyframes": encoder.keyframes if encoder else 0,
            "student": governor.rung.name,
            "students": [rung.name for rung in ladder.rungs],
            "rung_reason": governor.reason,
            "provider": engine.provider if engine else None,
            "provider_note": engine.note if engine else None,
            "size_in": pipeline.size_in,
            "size_out": pipeline.size_out,
            "rtp_offset": self.timestamps.offset if self.timestamps else None,
            "rate": self.rate,
            "frames": self.telemetry.counters.counts(),
            "stages": self.telemetry.stages(),
            "passed_reason": self.telemetry.passed_reason,
            "loop_lag_ms": self.context.loop_lag.p99_ms(),
            "busy": self.context.load.busy,
        }
