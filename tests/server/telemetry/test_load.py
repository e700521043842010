"""The load is that of the usable processors."""

import time
from pathlib import Path
from time import thread_time
from types import SimpleNamespace

import psutil
import pytest

from acutance.model.engine.gpu.device import DEVICE
from acutance.model.processors import CpuQuota
from acutance.server.telemetry.load import Load


def test_load_is_measured_and_its_peak_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    students = 0.0
    load = Load(lambda: students)
    load.sample()
    first = load.without_students  # since any previous call of psutil in this process
    begun, end = time.monotonic(), time.process_time() + 0.3
    while time.process_time() < end:
        pass
    load.sample()
    share = 0.3 / (time.monotonic() - begun)  # less than a processor while other programs work
    assert load.own > 0.8 * share
    assert load.busy > 0.5 * share / load.cpus
    peak = load.without_students
    assert peak == pytest.approx(max(first, load.busy * load.cpus))
    monkeypatch.setattr("psutil.cpu_times_percent", lambda interval: type("Idle", (), {"idle": 100.0})())
    load.sample()
    assert (load.busy, load.without_students) == (0.0, peak)
    for _ in range(5):
        load.sample()
    assert load.without_students == 0.0
    monkeypatch.setattr("psutil.cpu_times_percent", lambda interval: type("Half", (), {"idle": 50.0})())
    students = 0.3 * load.cpus
    load.sample()
    assert load.without_students == pytest.approx(0.2 * load.cpus)


def _times(monkeypatch: pytest.MonkeyPatch, *each: dict[str, float]) -> None:
    """Set the processor times that psutil reports, in percent."""
    monkeypatch.setattr("psutil.cpu_count", lambda: len(each))
    mean = {name: sum(one[name] for one in each) / len(each) for name in each[0]}
    monkeypatch.setattr(
        "psutil.cpu_times_percent",
        lambda interval, percpu=False: [SimpleNamespace(**one) for one in each] if percpu else SimpleNamespace(**mean),
    )


def test_processors_on_which_the_server_may_not_run_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.server.telemetry.load.usable_ids", lambda: frozenset({1, 3}))
    monkeypatch.setattr("acutance.model.processors.usable_ids", lambda: frozenset({1, 3}))
    monkeypatch.setattr("acutance.server.telemetry.load.cpu_quota", lambda: None)
    _times(monkeypatch, {"idle": 0.0}, {"idle": 90.0}, {"idle": 0.0}, {"idle": 70.0})
    load = Load()
    load.sample()
    assert load.cpus == 2
    assert load.busy == pytest.approx(0.2)
    assert load.without_students == pytest.approx(0.4)


def test_free_processors_are_the_unused_part_of_the_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.server.telemetry.load.usable_ids", lambda: frozenset(range(8)))
    _times(monkeypatch, *[{"idle": 50.0}] * 8)
    now, stat = 10.0, tmp_path / "cpu.stat"
    stat.write_text("usage_usec 1000000\n")
    load = Load(quota=CpuQuota(2.0, tmp_path), clock=lambda: now)
    load.sample()
    assert (load.cpus, load.busy) == (2.0, 0.0), "half of the host is free, and that is more than the quota"
    now = 11.0
    stat.write_text("usage_usec 2500000\n")
    load.sample()
    assert load.busy == pytest.approx(0.75)
    _times(monkeypatch, *[{"idle": 2.5}] * 8)
    now = 12.0
    load.sample()
    assert load.busy == pytest.approx(0.9), "the quota is unused, but the host is full"


def test_low_priority_load_counts_as_free_unless_the_server_has_low_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.server.telemetry.load.usable_ids", lambda: frozenset({0}))
    monkeypatch.setattr("acutance.server.telemetry.load.cpu_quota", lambda: None)
    _times(monkeypatch, {"idle": 10.0, "nice": 50.0})
    for niceness, busy in ((0, 0.4), (5, 0.9)):
        monkeypatch.setattr(psutil.Process, "nice", lambda self, niceness=niceness: niceness)
        load = Load()
        load.cpus = 1
        load.sample()
        assert load.busy == pytest.approx(busy)


def test_the_loops_thread_and_the_gpu_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    load = Load(clock=lambda: now[0])
    load.sample()
    spent = thread_time()
    while thread_time() < spent + 0.02:
        pass
    monkeypatch.setattr(DEVICE, "busy_seconds", DEVICE.busy_seconds + 0.5)
    now[0] += 2.0
    load.sample()
    assert load.gpu == pytest.approx(0.25)
    assert 0.01 <= load.loop <= 0.1
    for _ in range(4):
        now[0] += 2.0
        load.sample()
    assert load.gpu == pytest.approx(0.05), "the mean of five readings"
