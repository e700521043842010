"""Calls that come and go, some without a goodbye and some without ever connecting: nothing is left of them.

``make soak-cycles`` for a thousand; CI has a hundred.
"""

import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from time import monotonic, sleep

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acutance.server.bench.server import Watched, acutance
from tests.soak.quiet import quiet

CYCLES = int(os.environ.get("SOAK_CYCLES", "100"))
# Of ten calls; the first round is what fills caches and pools, and is not counted.
POLITE, ABRUPT, ABSENT = 8, 1, 1
_ROUND = 50
_AT_ONCE = 5
_GONE_WITHIN_S = 30.0
# Short, so that who vanished is not waited for.
_OPTIONS = [
    "student=nano",
    "governor=false",
    "admission=false",
    "max-sessions=100",
    "max-handshakes=100",
    "max-requests-per-minute=100000",
    "handshake-timeout=3",
    "idle-timeout=3",
]


def _callers(url: str, manner: str, count: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.soak.callers", url, manner, str(count), str(_AT_ONCE)]
    if manner == "abrupt":
        command[-1] = str(count)  # they stay
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def _round(server: Watched, calls: int) -> int:
    """Let callers of all manners come and go; return how many there were."""
    tenth = calls // 10
    abrupt = _callers(server.url, "abrupt", ABRUPT * tenth)
    absent = _callers(server.url, "absent", ABSENT * tenth)
    polite = _callers(server.url, "polite", POLITE * tenth)
    assert abrupt.stdout is not None
    there = [abrupt.stdout.readline() for _ in range(ABRUPT * tenth)]
    abrupt.kill()
    abrupt.communicate()
    came = [line for process in (absent, polite) for line in process.communicate()[0].splitlines()]
    assert absent.returncode == polite.returncode == 0
    server.look()
    return len(there) + len(came)


def _gauges(server: Watched) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/metrics") as response:
        text = response.read().decode()
    wanted = ("acutance_tasks", "acutance_peer_connections", "acutance_sessions", "acutance_viewers")
    gauges: dict[str, float] = dict.fromkeys(wanted, 0.0)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in gauges:
                gauges[sample.name] += sample.value
    return gauges


def _all_gone(server: Watched) -> dict[str, float]:
    """Wait until no session is left and what they held is collected; return what is."""
    deadline = monotonic() + _GONE_WITHIN_S
    while monotonic() < deadline:
        gauges = _gauges(server)
        if gauges["acutance_sessions"] == gauges["acutance_peer_connections"] == 0:
            break
        sleep(0.2)
    return _gauges(server)


@pytest.mark.timeout(120 + 2 * CYCLES)
def test_calls_that_end_in_any_way_leave_nothing_behind() -> None:
    with acutance(_OPTIONS) as server:
        before = _all_gone(server)
        _round(server, _ROUND)
        _all_gone(server)
        first = quiet(server)
        came = 0
        while came < CYCLES:
            came += _round(server, _ROUND)
            print(f"{came} calls: {server.seen[-1].rss:.1f} MiB", flush=True)
        gauges, last = _all_gone(server), quiet(server)
    print(
        f"\n{came} calls: {first.rss:.1f} to {last.rss:.1f} MiB, {first.threads} to {last.threads} threads, "
        f"{first.files} to {last.files} files, {before['acutance_tasks']:.0f} to {gauges['acutance_tasks']:.0f} tasks, "
        f"{gauges['acutance_peer_connections']:.0f} peer connections"
    )
    assert came >= CYCLES
    assert max(usage.files for usage in server.seen) > first.files, "the calls were not seen: this would see nothing"
    assert gauges == before
    assert last.threads <= first.threads
    assert last.files <= first.files
    assert last.rss <= 1.05 * first.rss
