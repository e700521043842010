"""Calls for as long as an hour, and calls that come and go: nothing may grow, and nothing may be left behind."""

import os
from time import monotonic, sleep

import pytest

from server import bench_figures
from server.bench_material import Plan, prepare
from server.bench_peer import Sending, Trip
from server.bench_server import Usage, Watched, acutance
from server.bench_sessions import run_sessions

RATE = 30
SECONDS = int(os.environ.get("SOAK_SECONDS", "3600"))
_QUIET_LOOKS, _QUIET_AT_LAST_S = 15, 10.0
# What garbage of 8 calls adds where nobody collects it is 30 MiB and more; what buffers still move by is up to 12.
_ROUNDS, _GENEROUS_MIB = 4, 20


def _sending(seconds: int) -> Sending:
    plan = Plan((640, 360), bitrate=600_000, rate=RATE, count=min(seconds, 60) * RATE)
    return Sending(plan, prepare(None, plan).packets, seconds * RATE)


def _calls(server: Watched, sending: Sending, sessions: int = 1) -> list[Trip]:
    """Let peers come, stay and leave."""
    outcomes = run_sessions(server.url, sending, sessions, look=server.look)
    server.await_end_of_sessions()
    assert all(isinstance(outcome, Trip) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Trip)]


def _quiet(server: Watched) -> Usage:
    """Return what the server has once that has not changed for a second and a half, or after 10 s."""
    deadline, unchanged = monotonic() + _QUIET_AT_LAST_S, 0
    server.look()
    while unchanged < _QUIET_LOOKS and monotonic() < deadline:
        sleep(0.1)
        server.look()
        before, now = server.seen[-2:]
        same = (before.threads, before.files, before.rss) == (now.threads, now.files, now.rss)
        unchanged = unchanged + 1 if same else 0
    return server.seen[-1]


def test_calls_that_come_and_go_leave_nothing_behind() -> None:
    sending = _sending(2)
    with acutance(["student=small", "governor=false", "admission=false"]) as server:
        for _ in range(2):  # the second one still allocates
            _calls(server, sending, sessions=2)
        first = _quiet(server)
        for _ in range(_ROUNDS):
            _calls(server, sending, sessions=2)
        last = _quiet(server)
    during = max(server.seen, key=lambda usage: usage.threads)
    assert during.threads > first.threads, "the calls were not seen: this test would see nothing"
    assert during.files > first.files
    assert last.threads <= first.threads
    assert last.files <= first.files
    assert last.rss - first.rss <= _GENEROUS_MIB


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 600)
def test_a_long_call_grows_in_nothing() -> None:
    assert SECONDS >= 120, "SOAK_SECONDS: growth after the first minute needs a second one to be seen"
    with acutance() as server:
        _calls(server, _sending(10))
        first = _quiet(server)
        server.seen.clear()
        (trip,) = _calls(server, _sending(SECONDS))
        during = list(server.seen)
        last = _quiet(server)
    figures = bench_figures.measure(trip, RATE) | bench_figures.process([*during, last], [trip])
    figures["server_said"] = bench_figures.said(trip.statistics)
    for name, value in figures.items():
        print(f"{name}: {value}")
    memory = figures["server_rss_mib"]
    assert memory["end"] <= 1.05 * memory["minute"]
    # Growth alone: where the governor has taken a cheaper student meanwhile, latency is less than it was.
    assert figures["drift_ms"] <= 20
    assert figures["frame_rate"] >= 29.5
    assert last.threads <= first.threads
    assert last.files <= first.files
