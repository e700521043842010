"""Load is of this machine: what a test can say is that work shows."""

import time

import pytest

from acutance.server.telemetry.load import Load


def test_work_shows_and_its_peak_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    students = 0.0
    load = Load(lambda: students)
    load.sample()
    first = load.rest  # since psutil last looked, whoever asked it then
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        pass
    load.sample()
    assert load.own > 0.3
    assert load.busy > 0.3 / load.cpus / 2
    peak = load.rest
    assert peak == pytest.approx(max(first, load.busy * load.cpus))
    monkeypatch.setattr("psutil.cpu_times_percent", lambda interval: type("Idle", (), {"idle": 100.0})())
    load.sample()
    assert (load.busy, load.rest) == (0.0, peak)
    for _ in range(5):
        load.sample()
    assert load.rest == 0.0
    monkeypatch.setattr("psutil.cpu_times_percent", lambda interval: type("Half", (), {"idle": 50.0})())
    students = 0.3 * load.cpus
    load.sample()
    assert load.rest == pytest.approx(0.2 * load.cpus)
