import asyncio
import time

import pytest

from acutance.server.telemetry.counters import STAGES, LoopLag, Telemetry


def test_rates_are_the_growth_a_second_since_the_last_call() -> None:
    now = 100.0
    telemetry = Telemetry(clock=lambda: now)
    telemetry.counters.received = 60
    telemetry.counters.dropped_waiting = 2
    telemetry.counters.dropped_encoding = 1
    now = 102.0
    rates = telemetry.rates()
    assert {name: rate for name, rate in rates.items() if rate} == {
        "received": 30.0,
        "dropped": 1.5,
        "dropped_waiting": 1.0,
        "dropped_encoding": 0.5,
    }
    assert {"enhanced", "passed", "returned"} <= set(rates)
    now = 103.0
    assert set(telemetry.rates().values()) == {0.0}


def test_stages_are_percentiles_in_milliseconds() -> None:
    telemetry = Telemetry()
    for milliseconds in range(1, 102):
        telemetry.record("enhance", milliseconds / 1000)
    stages = telemetry.stages()
    assert tuple(stages) == STAGES
    assert stages["enhance"] == {"p50": 51.0, "p95": 96.0}
    assert stages["encode"] is None


async def test_a_stalled_loop_is_seen() -> None:
    lag = LoopLag()
    assert lag.p99_ms() == 0.0
    watching = asyncio.create_task(lag.watch())
    await asyncio.sleep(0.06)
    time.sleep(0.2)  # noqa: ASYNC251 - the stall itself
    await asyncio.sleep(0.06)
    watching.cancel()
    assert lag.p99_ms() > 100


def test_an_unknown_stage_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        Telemetry().record("lunch", 1.0)
