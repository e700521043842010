"""Load is of this machine: what a test can say is that work shows."""

import time

import pytest

from server.load import Load


def test_work_shows_and_its_peak_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    load = Load()
    load.sample()
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    load.sample()
    assert load.own > 0.3
    assert load.busy > 0.3 / load.cpus / 2
    peak = load.busiest
    monkeypatch.setattr("psutil.cpu_times_percent", lambda interval: type("Idle", (), {"idle": 100.0})())
    load.sample()
    assert (load.busy, load.busiest) == (0.0, peak)
    for _ in range(10):
        load.sample()
    assert load.busiest == 0.0
