"""The Prometheus metrics of /metrics. They are collected on request, except the histograms."""

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

from acutance.server.learning.learning import LearningCounts
from acutance.server.sessions.host import Host
from acutance.server.sessions.snapshots import RegistrySnapshot
from acutance.server.telemetry.counters import STAGES

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# The creation time of each histogram would be one more series for each label, without use.
disable_created_metrics()  # type: ignore[no-untyped-call]
# In seconds, from an idle stage to an unusable call; 33 ms is a frame interval, 100 ms a disturbing delay.
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.033, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0)


class Metrics:
    """The metrics of one server."""

    def __init__(self, host: Host, refusals: Counter[str]):
        """Register the collectors.

        Args:
            host: the sessions of the server; the stages of their frames are observed from now on.
            refusals: number of refused requests by error code.
        """
        self.registry = CollectorRegistry(auto_describe=False)
        stages = Histogram(
            "acutance_stage_seconds",
            "Seconds that a frame spent in a stage; total is its age when it is passed to the RTP sender.",
            ["stage"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        # Looking up a label takes longer than an observation.
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
        yield InfoMetricFamily("acutance", "Version and configuration of the server.", info)
        yield GaugeMetricFamily(
            "acutance_event_loop_lag_seconds",
            "Delay of the event loop in seconds, 99th percentile of the last 15 s.",
            context.loop_lag.p99_ms() / 1000,
        )
        yield GaugeMetricFamily(
            "acutance_cpu_busy_ratio", "Share of the usable processors that is in use, 0 to 1.", context.load.busy
        )
        yield GaugeMetricFamily(
            "acutance_inference_hung",
            "Number of inferences that have hung: they exceeded their time limit and have not returned.",
            context.inference.overdue,
        )
        yield GaugeMetricFamily(
            "acutance_event_loop_tasks", "Number of tasks of the event loop.", len(asyncio.all_tasks())
        )
        yield GaugeMetricFamily(
            "acutance_peer_connections",
            "Number of peer connections in memory; closed ones remain for a second or two.",
            snapshot.peer_connections,
        )
        yield GaugeMetricFamily(
            "acutance_draining",
            "1 while the server is stopping: running calls may end, new sessions are not admitted.",
            self._host.admission.draining,
        )
        refusals = CounterMetricFamily(
            "acutance_refusals", "Number of refused requests by error code.", labels=["code"]
        )
        for code, count in sorted(self._refusals.items()):
            refusals.add_metric([code], count)
        yield refusals

    def _sessions(self, snapshot: RegistrySnapshot) -> Iterable[Metric]:
        limits, publishers = self._host.admission.limits, snapshot.publishers
        sessions = GaugeMetricFamily(
            "acutance_sessions", "Number of sessions (peers that send video) by state.", labels=["state"]
        )
        for state in ("connecting", "running", "closing"):
            sessions.add_metric([state], sum(publisher.state == state for publisher in publishers))
        yield sessions
        yield GaugeMetricFamily("acutance_sessions_limit", "Maximum number of sessions.", limits.max_sessions)
        yield GaugeMetricFamily("acutance_viewers", "Number of viewers (peers that watch a stream).", snapshot.viewers)
        yield GaugeMetricFamily("acutance_viewers_limit", "Maximum number of viewers.", limits.max_viewers)
        yield CounterMetricFamily("acutance_sessions_opened", "Number of sessions since the start.", snapshot.opened)
        yield CounterMetricFamily("acutance_sessions_ended", "Number of sessions that have ended.", snapshot.ended)
        students = GaugeMetricFamily(
            "acutance_student_sessions", "Number of sessions by the student that enhances them.", labels=["student"]
        )
        ladder = self._host.context.ladder
        for name in dict.fromkeys(rung.name for rung in (*ladder.rungs, *ladder.recalling(ladder.rungs))):
            students.add_metric([name], sum(publisher.student == name for publisher in publishers))
        yield students
        failures = self._host.context.failures
        tries = CounterMetricFamily(
            "acutance_student_tries", "Number of tries of a better student by result.", labels=["result"]
        )
        tries.add_metric(["passed"], failures.passed)
        tries.add_metric(["failed"], failures.failed)
        yield tries
        remembering = [publisher.memory for publisher in publishers if publisher.memory is not None]
        yield GaugeMetricFamily(
            "acutance_remembering_sessions",
            "Number of sessions with detail from earlier frames in the last frame.",
            sum(memory.share > 0 for memory in remembering),
        )
        yield GaugeMetricFamily(
            "acutance_remembered_ratio",
            "Share of the pixels of the last frames for which something sharper is remembered, mean over sessions.",
            sum(memory.share for memory in remembering) / max(len(remembering), 1),
        )
        ages = [publisher.memory_age for publisher in publishers if publisher.memory_age is not None]
        yield GaugeMetricFamily(
            "acutance_memory_age_seconds",
            "Seconds since the remembered parts of the last frames were seen, mean over sessions.",
            sum(ages) / max(len(ages), 1),
        )
        learning = self._host.context.learning
        adaptations = CounterMetricFamily(
            "acutance_adaptations", "Number of rounds of learning by result.", labels=["result"]
        )
        for result, count in vars(LearningCounts() if learning is None else learning.counts).items():
            adaptations.add_metric([result], count)
        yield adaptations
        active = 0 if learning is None else learning.active
        yield GaugeMetricFamily(
            "acutance_learning_sessions", "Number of sessions that are learned or wait for it.", active
        )
        renditions: Counter[tuple[str, str]] = Counter()
        forwarded: Counter[tuple[str, str]] = Counter()
        bits = 0
        for publisher in publishers:
            for rendition in publisher.stream.renditions:
                (forwarded if rendition.forwarded else renditions)[rendition.variant, rendition.codec] += 1
                bits += 0 if rendition.forwarded else rendition.bitrate
        encoders = GaugeMetricFamily(
            "acutance_encoders", "Number of running encoders by variant and codec.", labels=["variant", "codec"]
        )
        for labels, count in sorted(renditions.items()):
            encoders.add_metric(labels, count)
        yield encoders
        forwards = GaugeMetricFamily(
            "acutance_forwarded",
            "Number of renditions of streams that are forwarded as their publisher coded them, by variant and codec.",
            labels=["variant", "codec"],
        )
        for labels, count in sorted(forwarded.items()):
            forwards.add_metric(labels, count)
        yield forwards
        yield GaugeMetricFamily(
            "acutance_encoder_bits_per_second", "Sum of the bit rates of all encoders, in bit/s.", bits
        )

    def _frames(self, snapshot: RegistrySnapshot) -> Iterable[Metric]:
        frames = CounterMetricFamily(
            "acutance_frames", "Number of frames by outcome, see docs/08-metrics.md.", labels=["outcome"]
        )
        for outcome, count in vars(snapshot.frames).items():
            frames.add_metric([outcome], count)
        yield frames
        yield CounterMetricFamily(
            "acutance_channel_messages_refused",
            "Number of data channel messages that exceeded --max-messages-per-second.",
            snapshot.messages_refused,
        )
