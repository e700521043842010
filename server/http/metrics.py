"""What Prometheus reads at /metrics: one registry a server, filled when it is read, but for the histograms."""

import asyncio
import importlib.metadata
from collections import Counter
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from acutance.server.sessions.host import Host
from acutance.server.sessions.snapshots import RegistrySnapshot
from acutance.server.telemetry.counters import STAGES

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# A series more for each histogram and label, and nobody asks when a histogram began.
disable_created_metrics()  # type: ignore[no-untyped-call]
# From a stage that does nothing to a call that nobody would want: 33 and 100 ms are what people ask about.
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.033, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)


class Metrics:
    """The registry of one server."""

    def __init__(self, host: Host, refusals: Counter[str]):
        """Make it.

        Args:
            host: the sessions; the stages of their frames are observed from now on.
            refusals: answers that said no, by their code.
        """
        self.registry = CollectorRegistry(auto_describe=False)
        stages = Histogram(
            "acutance_stage_seconds",
            "Time of a frame in a stage; total is its age at the hand-over to the sender.",
            ["stage"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        # Looking a label up takes longer than observing.
        by_stage = {stage: stages.labels(stage) for stage in STAGES}
        host.context.stage_observers.append(lambda stage, seconds: by_stage[stage].observe(seconds))
        self.registry.register(_HostCollector(host, refusals))
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)

    def text(self) -> bytes:
        """Return the metrics in Prometheus's text format. Takes about a millisecond."""
        return generate_latest(self.registry)


class _HostCollector(Collector):
    def __init__(self, host: Host, refusals: Counter[str]):
        self._host = host
        self._refusals = refusals

    def collect(self) -> Iterable[Metric]:
        snapshot = self._host.registry.snapshot()
        yield from self._server(snapshot)
        yield from self._sessions(snapshot)
        yield from self._frames(snapshot)

    def _server(self, snapshot: RegistrySnapshot) -> Iterable[Metric]:
        context, best = self._host.context, self._host.context.ladder.best
        info = {
            "version": importlib.metadata.version("acutance"),
            "provider": best.provider,
            "encoder": "NVENC" if context.encoders.nvenc else "x264",
            "best_student": best.student.name,
        }
        yield InfoMetricFamily("acutance", "What runs here.", info)
        yield GaugeMetricFamily(
            "acutance_loop_lag_seconds",
            "How late the event loop runs what is due, 99th percentile of 15 s.",
            context.loop_lag.p99_ms() / 1000,
        )
        yield GaugeMetricFamily("acutance_busy_ratio", "Share of the usable processors in use.", context.load.busy)
        yield GaugeMetricFamily(
            "acutance_inference_overdue",
            "Calls of a student that are no longer waited for and have not come back.",
            context.inference.overdue,
        )
        yield GaugeMetricFamily("acutance_tasks", "Tasks of the event loop.", len(asyncio.all_tasks()))
        yield GaugeMetricFamily(
            "acutance_peer_connections",
            "Peer connections in memory; closed ones for a second or two.",
            snapshot.peer_connections,
        )
        yield GaugeMetricFamily(
            "acutance_draining", "1 while the server lets calls end and takes none.", self._host.admission.draining
        )
        refusals = CounterMetricFamily(
            "acutance_refusals", "Answers that said no, by their error code.", labels=["code"]
        )
        for code, count in sorted(self._refusals.items()):
            refusals.add_metric([code], count)
        yield refusals

    def _sessions(self, snapshot: RegistrySnapshot) -> Iterable[Metric]:
        limits, publishers = self._host.admission.limits, snapshot.publishers
        sessions = GaugeMetricFamily("acutance_sessions", "Peers that send video, by state.", labels=["state"])
        for state in ("connecting", "running", "closing"):
            sessions.add_metric([state], sum(publisher.state == state for publisher in publishers))
        yield sessions
        yield GaugeMetricFamily("acutance_sessions_limit", "How many there may be.", limits.max_sessions)
        yield GaugeMetricFamily("acutance_viewers", "Peers that watch a stream.", snapshot.viewers)
        yield GaugeMetricFamily("acutance_viewers_limit", "How many there may be.", limits.max_viewers)
        yield CounterMetricFamily("acutance_sessions_opened", "Sessions that were answered.", snapshot.opened)
        yield CounterMetricFamily("acutance_sessions_ended", "Sessions that are over.", snapshot.ended)
        rungs = GaugeMetricFamily("acutance_rung_sessions", "Sessions by what enhances them now.", labels=["student"])
        for rung in self._host.context.ladder.rungs:
            rungs.add_metric([rung.name], sum(publisher.student == rung.name for publisher in publishers))
        yield rungs
        renditions: Counter[tuple[str, str]] = Counter()
        bits = 0
        for publisher in publishers:
            for rendition in publisher.stream.renditions:
                renditions[rendition.variant, rendition.codec] += 1
                bits += rendition.bitrate
        encoders = GaugeMetricFamily("acutance_encoders", "Encoders at work.", labels=["variant", "codec"])
        for labels, count in sorted(renditions.items()):
            encoders.add_metric(labels, count)
        yield encoders
        yield GaugeMetricFamily("acutance_encoder_bits_per_second", "What all encoders are set to.", bits)

    def _frames(self, snapshot: RegistrySnapshot) -> Iterable[Metric]:
        frames = CounterMetricFamily(
            "acutance_frames", "Frames by what became of them; see docs/08-metrics.md.", labels=["outcome"]
        )
        for outcome, count in vars(snapshot.frames).items():
            frames.add_metric([outcome], count)
        yield frames
        yield CounterMetricFamily(
            "acutance_messages_refused",
            "Messages of peers' data channels that came too fast.",
            snapshot.messages_refused,
        )
