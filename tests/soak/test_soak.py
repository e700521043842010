"""Calls for as long as an hour, and calls that come and go: nothing may grow, and nothing may be left behind."""

import os
from pathlib import Path
from time import monotonic, sleep

import pytest

from server import bench_figures
from server.bench_material import Plan, prepare
from server.bench_peer import Sending, Trip
from server.bench_server import Usage, Watched, acutance
from server.bench_sessions import run_sessions

RATE = 30
SECONDS = int(os.environ.get("SOAK_SECONDS", "3600"))
_SETTLE_S = 5.0
# A short call settles nothing: this much may still be allocated after it. A session that stays costs 30 MiB and more.
_GENEROUS_MIB = 25


def _sending(seconds: int) -> Sending:
    plan = Plan((640, 360), bitrate=600_000, rate=RATE, count=min(seconds, 60) * RATE)
    return Sending(plan, prepare(None, plan).packets, seconds * RATE)


def _calls(server: Watched, sending: Sending, sessions: int = 1) -> list[Trip]:
    """Let peers come, stay and leave; the last usage seen is then that of the server without them."""
    outcomes = run_sessions(server.url, sending, sessions, look=server.look)
    server.await_end_of_sessions()
    assert all(isinstance(outcome, Trip) for outcome in outcomes), outcomes
    return [outcome for outcome in outcomes if isinstance(outcome, Trip)]


def _settled(server: Watched, threads: int, files: int) -> Usage:
    """Return what the server has as soon as it has no more threads and files than these, or after 5 s."""
    deadline = monotonic() + _SETTLE_S
    while True:
        server.look()
        usage = server.seen[-1]
        if (usage.threads <= threads and usage.files <= files) or monotonic() > deadline:
            return usage
        sleep(0.1)


def test_calls_that_come_and_go_leave_nothing_behind() -> None:
    sending = _sending(4)
    with acutance(["student=small", "governor=false", "admission=false"]) as server:
        _calls(server, sending, sessions=2)
        sleep(_SETTLE_S / 5)  # the threads of the first ones may still be ending
        server.look()
        first = server.seen[-1]
        for _ in range(2):
            _calls(server, sending, sessions=2)
        last = _settled(server, first.threads, first.files)
    during = max(server.seen, key=lambda usage: usage.threads)
    assert during.threads > first.threads, "the calls were not seen: this test would see nothing"
    assert during.files > first.files
    assert last.threads <= first.threads
    assert last.files <= first.files
    assert last.rss - first.rss <= _GENEROUS_MIB


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 600)
def test_a_long_call_grows_in_nothing(tmp_path: Path) -> None:
    assert SECONDS >= 120, "SOAK_SECONDS: growth after the first minute needs a second one to be seen"
    with acutance() as server:
        _calls(server, _sending(10))
        first = _settled(server, 0, 0)
        server.seen.clear()
        (trip,) = _calls(server, _sending(SECONDS))
        last = _settled(server, first.threads, first.files)
    figures = bench_figures.measure(trip, RATE) | bench_figures.process(server.seen, [trip])
    figures["server_said"] = bench_figures.said(trip.statistics)
    for name, value in figures.items():
        print(f"{name}: {value}")
    memory = figures["server_rss_mib"]
    assert memory["end"] <= 1.05 * memory["minute"]
    assert abs(figures["drift_ms"]) <= 20
    assert figures["frame_rate"] >= 29.5
    assert last.threads <= first.threads
    assert last.files <= first.files
