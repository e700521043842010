"""Calls of all manners, good and harmful, begin and end: they leave nothing behind in the server.

``make soak-cycles`` makes a thousand (``CYCLES=20`` for a short run); the tests make fifty.
"""

import os
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from time import monotonic, sleep

import pytest
from prometheus_client.parser import text_string_to_metric_families

from acutance.server.bench.server import MeasuredServer, acutance
from tests.soak.cameras import write_streams
from tests.soak.quiet import quiet

CYCLES = int(os.environ.get("SOAK_CYCLES", "50"))
# Of ten calls (tests/soak/callers.py). The first two rounds fill caches and pools, and are not counted.
MANNERS = {
    "polite": 3,
    "abrupt": 1,
    "absent": 1,
    "deaf": 1,
    "withholding": 1,
    "resizing": 1,
    "flooding": 1,
    "hasty": 1,
}
_ROUND = 50
_AT_ONCE = 6
_GONE_WITHIN_S = 60.0
# Short time limits, because vanished peers end only by them.
_OPTIONS = [
    "student=nano",
    "provider=cpu",
    "governor=false",
    "admission=false",
    "max-sessions=100",
    "max-handshakes=100",
    "max-requests-per-minute=100000",
    "handshake-timeout=5",
    "idle-timeout=3",
]


def _callers(url: str, streams: Path, counts: dict[str, int], at_once: int) -> "subprocess.Popen[str]":
    wanted = [f"{manner}={count}" for manner, count in counts.items()]
    command = [sys.executable, "-m", "tests.soak.callers", url, str(streams), str(at_once), *wanted]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])


def _round(server: MeasuredServer, streams: Path, calls: int) -> Counter[str]:
    """Run callers of all manners; return how many calls of each went as intended."""
    counts = {manner: count * calls // 10 for manner, count in MANNERS.items()}
    abrupt = counts.pop("abrupt")
    killed = _callers(server.url, streams, {"abrupt": abrupt}, abrupt)
    ending = _callers(server.url, streams, counts, _AT_ONCE)
    try:
        assert killed.stdout is not None
        lines = [killed.stdout.readline().strip() for _ in range(abrupt)]
        killed.kill()
        killed.communicate()
        server.record_usage()
        lines += ending.communicate()[0].split()
        server.record_usage()
    finally:
        for process in (killed, ending):
            process.kill()
            process.wait()
    assert ending.returncode == 0
    return Counter(lines)


def _gauges(server: MeasuredServer) -> dict[str, float]:
    with urllib.request.urlopen(f"{server.url}/metrics") as response:
        text = response.read().decode()
    wanted = ("acutance_event_loop_tasks", "acutance_peer_connections", "acutance_sessions", "acutance_viewers")
    gauges: dict[str, float] = dict.fromkeys(wanted, 0.0)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in gauges:
                gauges[sample.name] += sample.value
    return gauges


def _all_gone(server: MeasuredServer) -> dict[str, float]:
    """Wait until no session is left and its objects are collected; return the gauges."""
    deadline = monotonic() + _GONE_WITHIN_S
    while monotonic() < deadline:
        gauges = _gauges(server)
        if gauges["acutance_sessions"] == gauges["acutance_peer_connections"] == 0:
            break
        sleep(0.2)
    return _gauges(server)


@pytest.mark.timeout(240 + 6 * CYCLES)
def test_every_kind_of_call_end_releases_all_resources(tmp_path: Path) -> None:
    streams = tmp_path / "streams"
    write_streams(streams)
    size = min(_ROUND, max(10, CYCLES // 10 * 10))
    expected = {manner: count * size // 10 for manner, count in MANNERS.items()}
    with acutance(_OPTIONS) as server:
        before = _all_gone(server)
        # What an idle server keeps varies by a few per cent from round to round: the larger of two is the start.
        starts = []
        for _ in range(2):
            _round(server, streams, _ROUND)
            _all_gone(server)
            starts.append(quiet(server))
        first = max(starts, key=lambda usage: usage.rss)
        calls = 0
        while calls < CYCLES:
            counted = _round(server, streams, size)
            assert counted == expected
            calls += counted.total()
            print(f"{calls} calls: {server.usages[-1].rss:.1f} MiB", flush=True)
        gauges, last = _all_gone(server), quiet(server)
    print(
        f"\n{calls} calls: {first.rss:.1f} to {last.rss:.1f} MiB, {first.threads} to {last.threads} threads, "
        f"{first.files} to {last.files} files, {before['acutance_event_loop_tasks']:.0f} to "
        f"{gauges['acutance_event_loop_tasks']:.0f} tasks, "
        f"{gauges['acutance_peer_connections']:.0f} peer connections"
    )
    assert max(usage.files for usage in server.usages) > first.files, "the calls were not seen: this would see nothing"
    assert gauges == before
    assert last.threads <= max(usage.threads for usage in starts)
    assert last.files <= max(usage.files for usage in starts)
    assert last.rss <= 1.05 * first.rss
