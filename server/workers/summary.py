"""The health and the metrics of a server with carriers: sums, and the worst where a sum has no meaning."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from acutance.server.sessions.admission import Admission
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load
from acutance.server.workers.carrier import Carrier
from acutance.server.workers.merging import MetricSums
from acutance.server.workers.roster import Roster


class Summary:
    """Sums what the carriers reply to `ReadHealth` and `ReadMetrics`.

    Attributes:
        replaced: number of carriers that were replaced after their end.
    """

    def __init__(
        self,
        roster: Roster,
        admission: Admission,
        refusals: Counter[str],
        loop_lag: LoopLag,
        load: Load,
    ):
        """Create it.

        Args:
            roster: the carriers.
            admission: the limits.
            refusals: number of refused requests by error code.
            loop_lag: of the accepting process.
            load: of the host.
        """
        self.replaced = 0
        self._roster = roster
        self._admission = admission
        self._refusals = refusals
        self._loop_lag = loop_lag
        self._load = load
        self._sums = MetricSums()
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Own(self._families))
        ProcessCollector(registry=self._registry)

    def health(self, replies: Sequence[tuple[Carrier, dict[str, Any]]], details: bool) -> dict[str, Any]:
        """Return the body of `GET /health`.

        Args:
            replies: the reply of each carrier that replied.
            details: whether to return configuration and load too.
        """
        draining = self._admission.draining
        ready = [carrier for carrier, reply in replies if reply["ready"]]
        reasons = [f"{carrier.name}: {reason}" for carrier, reply in replies for reason in reply["reasons"]]
        if not replies:
            reasons.append("no worker process replies")
        if draining:
            reasons.append("the server is stopping: running calls may end, new sessions are not admitted")
        status = "draining" if draining else "ok" if ready else "stalled"
        summary: dict[str, Any] = {
            "status": status,
            "live": True,
            "ready": bool(ready) and not draining,
            "reasons": reasons,
        }
        if not details or not replies:
            return summary
        (max_sessions, max_viewers), lags = self._limits(), [reply["loop_lag_ms"] for _, reply in replies]
        return {
            # Configuration is the same everywhere.
            **replies[0][1],
            **summary,
            "sessions": len(self._roster.publisher_loads()),
            "max_sessions": max_sessions,
            "viewers": self._roster.viewer_count,
            "max_viewers": max_viewers,
            "loop_lag_ms": max(self._loop_lag.p99_ms(), *lags),
            "busy": self._load.busy,
            "workers": [_described(carrier) for carrier, _ in replies],
        }

    def metrics(self, texts: Mapping[str, str]) -> str:
        """Return the metrics in Prometheus's text format; ``texts`` has those of each carrier by its name."""
        own = generate_latest(self._registry).decode()
        return self._sums.summed(own, texts, self._roster.carriers)

    def _limits(self) -> tuple[int, int]:
        """Return the maximum numbers of publishers and viewers: those of the carriers together, if they have any."""
        limits, reports = self._admission.limits, [each.report for each in self._roster.carriers.values()]
        return (
            _smaller(limits.max_sessions, [each.max_sessions for each in reports]),
            _smaller(limits.max_viewers, [each.max_viewers for each in reports]),
        )

    def _families(self) -> Iterable[Metric]:
        carriers = self._roster.carriers.values()
        max_sessions, max_viewers = self._limits()
        yield GaugeMetricFamily("acutance_sessions_limit", "Maximum number of sessions.", max_sessions)
        yield GaugeMetricFamily("acutance_viewers_limit", "Maximum number of viewers.", max_viewers)
        yield GaugeMetricFamily(
            "acutance_cpu_busy_ratio", "Share of the usable processors that is in use, 0 to 1.", self._load.busy
        )
        yield GaugeMetricFamily(
            "acutance_draining",
            "1 while the server is stopping: running calls may end, new sessions are not admitted.",
            self._admission.draining,
        )
        refusals = CounterMetricFamily(
            "acutance_refusals", "Number of refused requests by error code.", labels=["code"]
        )
        for code, number in sorted(self._refusals.items()):
            refusals.add_metric([code], number)
        yield refusals
        yield GaugeMetricFamily("acutance_workers", "Number of worker processes that take sessions.", len(carriers))
        yield CounterMetricFamily(
            "acutance_workers_replaced", "Number of worker processes that have ended and were replaced.", self.replaced
        )
        for name, text, value in WORKER_METRICS:
            family = GaugeMetricFamily(name, text, labels=["worker"])
            for carrier in carriers:
                family.add_metric([carrier.name], value(carrier))
            yield family


WORKER_METRICS: tuple[tuple[str, str, Callable[[Carrier], float]], ...] = (
    (
        "acutance_worker_sessions",
        "Number of sessions of each worker process.",
        lambda carrier: sum(each.load is not None for each in carrier.report.sessions),
    ),
    (
        "acutance_worker_event_loop_lag_seconds",
        "Delay of the event loop of each worker process in seconds, 99th percentile of the last 15 s.",
        lambda carrier: carrier.report.load.lag_ms / 1000,
    ),
    (
        "acutance_worker_event_loop_busy_ratio",
        "Share of the time in which the event loop of each worker process was busy, 0 to 1.",
        lambda carrier: carrier.report.load.loop,
    ),
    (
        "acutance_worker_gpu_busy_ratio",
        "Share of the time in which students of each worker process ran on a GPU, 0 to 1.",
        lambda carrier: carrier.report.load.gpu,
    ),
)
"""Name, description and value of each metric of one carrier."""


def _smaller(limit: int, of_carriers: list[int | None]) -> int:
    known = [each for each in of_carriers if each is not None]
    return min(limit, sum(known)) if known else limit


class _Own(Collector):
    def __init__(self, families: Callable[[], Iterable[Metric]]):
        self._families = families

    def collect(self) -> Iterable[Metric]:
        yield from self._families()


def _described(carrier: Carrier) -> dict[str, Any]:
    sessions, load = carrier.report.sessions, carrier.report.load
    return {
        "name": carrier.name,
        "pid": carrier.report.pid,
        "sessions": sum(each.load is not None for each in sessions),
        "viewers": sum(each.load is None for each in sessions),
        "loop_lag_ms": load.lag_ms,
        "loop_busy": round(load.loop, 3),
        "gpu_busy": round(load.gpu, 3),
        "processors": round(load.processors, 2),
    }
