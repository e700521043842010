"""Sums of metrics, written and read with Prometheus's own library."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from acutance.server.workers.merging import MetricSums


def worker(frames: int, lag: float = 0.0, remembered: float = 0.0, seconds: tuple[float, ...] = ()) -> str:
    registry = CollectorRegistry()
    Info("acutance", "Version.", registry=registry).info({"version": "1"})
    Counter("acutance_frames", "Frames.", ["outcome"], registry=registry).labels("received").inc(frames)
    Gauge("acutance_event_loop_lag_seconds", "Lag.", registry=registry).set(lag)
    Gauge("acutance_viewers", "Viewers.", registry=registry).set(frames)
    Gauge("acutance_sessions_limit", "Limit.", registry=registry).set(1e9)
    Gauge("acutance_remembered_ratio", "Ratio.", registry=registry).set(remembered)
    stages = Histogram("acutance_stage_seconds", "Stages.", ["stage"], buckets=(0.1, 1), registry=registry)
    for each in seconds:
        stages.labels("total").observe(each)
    return generate_latest(registry).decode()


def own() -> str:
    registry = CollectorRegistry()
    Gauge("acutance_sessions_limit", "Limit.", registry=registry).set(4)
    Gauge("process_open_fds", "Files.", registry=registry).set(7)
    return generate_latest(registry).decode()


def values(text: str) -> Mapping[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_counts_are_added_and_the_worst_lag_is_kept() -> None:
    texts = {"a": worker(10, 0.2, 0.5, (0.05, 0.5)), "b": worker(5, 0.1, 0.1, (2.0,))}
    summed = values(MetricSums().summed(own(), texts, texts))
    assert summed["acutance_frames_total", "received"] == 15
    assert summed["acutance_viewers",] == 15
    assert summed["acutance_event_loop_lag_seconds",] == 0.2
    assert summed["acutance_remembered_ratio",] == 0.3
    assert summed["acutance_info", "1"] == 1
    assert summed["acutance_sessions_limit",] == 4, "the limit of the server, not those of its workers"
    assert summed["process_open_fds",] == 7
    buckets = [summed["acutance_stage_seconds_bucket", edge, "total"] for edge in ("0.1", "1.0", "+Inf")]
    assert buckets == [1, 2, 3]
    assert summed["acutance_stage_seconds_count", "total"] == 3


def test_counts_stay_when_a_worker_ends_and_its_gauges_do_not() -> None:
    sums = MetricSums()
    sums.summed(own(), {"a": worker(10), "b": worker(5, seconds=(0.5,))}, ("a", "b"))
    for _ in range(2):
        summed = values(sums.summed(own(), {"a": worker(12)}, ("a",)))
        assert summed["acutance_frames_total", "received"] == 17
        assert summed["acutance_viewers",] == 12
        assert summed["acutance_stage_seconds_count", "total"] == 1
    summed = values(sums.summed(own(), {"a": worker(12), "c": worker(1)}, ("a", "c")))
    assert summed["acutance_frames_total", "received"] == 18


def test_a_worker_that_does_not_reply_once_is_counted_once() -> None:
    sums = MetricSums()
    for texts in ({"a": worker(10), "b": worker(5)}, {"a": worker(10)}, {"a": worker(10), "b": worker(5)}):
        assert values(sums.summed(own(), texts, ("a", "b")))["acutance_frames_total", "received"] == 15
