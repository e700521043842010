"""Calls of up to an hour: nothing may grow."""

import os

import pytest

from acutance.server.bench import figures as bench_figures
from acutance.server.bench.material import Plan, prepare
from acutance.server.bench.peers.round_trip import Sending, Trip
from acutance.server.bench.peers.sessions import run_sessions
from acutance.server.bench.server import MeasuredServer, acutance
from tests.soak.quiet import quiet

RATE = 30
SECONDS = int(os.environ.get("SOAK_SECONDS", "3600"))


def _sending(seconds: int) -> Sending:
    plan = Plan((640, 360), bitrate=600_000, rate=RATE, count=min(seconds, 60) * RATE)
    return Sending(plan, prepare(None, plan).packets, seconds * RATE)


def _calls(server: MeasuredServer, sending: Sending) -> list[Trip]:
    """Run peers that join, stay and leave."""
    outcomes = run_sessions(server.url, sending, 1, observe=server.record_usage)
    server.await_end_of_sessions()
    assert all(isinstance(outcome, Trip) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Trip)]


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 600)
def test_memory_threads_and_files_do_not_grow_in_a_long_call() -> None:
    assert SECONDS >= 120, "SOAK_SECONDS: growth after the first minute needs a second one to be seen"
    with acutance() as server:
        _calls(server, _sending(10))
        first = quiet(server)
        server.usages.clear()
        (trip,) = _calls(server, _sending(SECONDS))
        during = list(server.usages)
        last = quiet(server)
    figures = bench_figures.measure(trip, RATE) | bench_figures.process([*during, last], [trip])
    figures["server_statistics"] = bench_figures.summarise(trip.statistics)
    for name, value in figures.items():
        print(f"{name}: {value}")
    memory = figures["server_rss_mib"]
    assert memory["end"] <= 1.05 * memory["minute"]
    # Only growth is an error: latency falls if the governor has chosen a cheaper student.
    assert figures["drift_ms"] <= 20
    assert figures["frame_rate"] >= 29.5
    assert last.threads <= first.threads
    assert last.files <= first.files
