"""The real application in its own process, so that the resources of that process can be measured."""

import asyncio
import gc
import logging
import math
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic, sleep

import psutil
from aiohttp import web
from aiortc import RTCPeerConnection

from acutance.model.engine.engine import Engine
from acutance.server.http.app import create_app
from acutance.server.http.connections import make_runner
from acutance.server.http.guard import Guard
from acutance.server.logs import is_relevant
from acutance.server.options.session_limits import Limits
from acutance.server.security.origins import Origins
from acutance.server.security.quota import Quota
from acutance.server.sessions.admission import AdmissionLimits
from acutance.server.sessions.host import Host
from acutance.server.students.ladder import Ladder
from tests.fuzz.identity import access

ORIGIN = "https://page.example"
_BEAT_S = 0.02
_QUIET_AT_LAST_S = 20.0
_MANY_TIMERS, _LATER_S = 1000, 3600.0


@dataclass(frozen=True)
class Usage:
    """The resources of the process.

    Attributes:
        sessions: negotiating, running or closing; viewers among them.
        peers: connections of aiortc's.
        tasks, files, threads: their numbers.
        objects: number of objects that Python's garbage collector tracks.
        rss: resident memory in MiB.
        lag: the longest lag of the event loop since the last measurement, in seconds.
        usual_lag: the 95th percentile of these lags.
        faults: messages logged as errors since the start, including tasks that ended with an error.
    """

    sessions: int
    peers: int
    tasks: int
    files: int
    threads: int
    objects: int
    rss: float
    lag: float
    usual_lag: float
    faults: tuple[str, ...]


@dataclass
class Served:
    """The process.

    Attributes:
        port: of the application without tokens, for pages of this host and of `ORIGIN`.
        closed_port: of one that requires a token.
    """

    port: int
    closed_port: int
    _pipe: Connection

    def usage(self) -> Usage:
        """Return the resources after a garbage collection."""
        self._pipe.send(None)
        assert self._pipe.poll(10), "the server does not answer"
        usage = self._pipe.recv()
        assert isinstance(usage, Usage)
        return usage

    def quiet(self, tasks: float = math.inf) -> Usage:
        """Return the resources once no session is left and nothing changes any more, or after 20 s.

        Args:
            tasks: wait until no more tasks than this are left: aiohttp waits 10 s for the rest of an announced body.
        """
        deadline, before = monotonic() + _QUIET_AT_LAST_S, self.usage()
        while monotonic() < deadline:
            sleep(0.1)
            now = self.usage()
            unchanged = (now.peers, now.tasks, now.files) == (before.peers, before.tasks, before.files)
            if unchanged and not now.sessions and now.tasks <= tasks:
                return now
            before = now
        return before


@contextmanager
def served(key_set: Path) -> Iterator[Served]:
    """Run the process until the block ends; its second port accepts the tokens of this provider."""
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(its, key_set), daemon=True)
    process.start()
    try:
        assert ours.poll(60), "the server did not start"
        yield Served(*ours.recv(), ours)
    finally:
        process.terminate()
        process.join(10)
        if process.is_alive():
            process.kill()


def _run(pipe: Connection, key_set: Path) -> None:
    asyncio.run(_serve(pipe, key_set))


async def _serve(pipe: Connection, key_set: Path) -> None:
    faults = _Faults()
    logging.getLogger().addHandler(faults)
    logging.getLogger().setLevel(logging.INFO)
    # A call without media must not end, nor refuse messages: other tests cover these limits.
    limits = Limits(idle_timeout=600, max_messages_per_second=1e6)
    ladder = Ladder.of(Engine.open("nano", provider="cpu"))
    hosts = [
        Host(ladder, limits, AdmissionLimits(max_sessions=8, check_load=False, quota=Quota(handshakes=8)))
        for _ in range(2)
    ]
    guards = (Guard(origins=Origins.of([ORIGIN], loopback_only=True)), Guard(access(key_set)))
    runners = [make_runner(create_app(host, guard)) for host, guard in zip(hosts, guards, strict=True)]
    for runner in runners:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    heart = _Heart()
    beating = asyncio.create_task(heart.beat())

    loop = asyncio.get_running_loop()

    def receive_request() -> None:
        pipe.recv()
        _forget_cancelled_timers(loop)
        loop.call_soon(measure, sorted(heart.lags) or [0.0])

    def measure(lags: list[float]) -> None:
        pipe.send(_usage(hosts, lags, faults))
        heart.begin()  # the time of the measurement does not count

    loop.add_reader(pipe.fileno(), receive_request)
    pipe.send([runner.addresses[0][1] for runner in runners])
    await beating


def _forget_cancelled_timers(loop: asyncio.AbstractEventLoop) -> None:
    # asyncio keeps cancelled timers until there are more than 100 and half of all are cancelled: this number varies.
    for _ in range(_MANY_TIMERS):
        loop.call_later(_LATER_S, int).cancel()


def _empty_bounded_caches() -> None:
    # They fill up with inputs (yarl keeps 128 URLs), and then stay as they are. One without a bound is a leak.
    for one in gc.get_objects():
        if isinstance(one, type(_lru_cached)) and one.cache_info().maxsize is not None:
            one.cache_clear()


@lru_cache(1)
def _lru_cached() -> None:
    """Has the type of each cached function; functools does not export it."""


def _usage(hosts: list[Host], lags: list[float], faults: "_Faults") -> Usage:
    _empty_bounded_caches()
    gc.collect()
    known, process = gc.get_objects(), psutil.Process()
    return Usage(
        sum(len(host.registry.publishers) + host.registry.viewer_count for host in hosts),
        sum(isinstance(one, RTCPeerConnection) for one in known),
        len(asyncio.all_tasks()),
        process.num_fds(),
        process.num_threads(),
        len(known),
        process.memory_info().rss / (1 << 20),
        lags[-1],
        lags[int(0.95 * (len(lags) - 1))],
        tuple(faults.seen),
    )


class _Heart:
    def __init__(self) -> None:
        self.lags: list[float] = []
        self._last = monotonic()

    def begin(self) -> None:
        self.lags, self._last = [], monotonic()

    async def beat(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            now = monotonic()
            self.lags.append(now - self._last - _BEAT_S)
            self._last = now


class _Faults(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []
        self.addFilter(is_relevant)
        self.setFormatter(logging.Formatter("%(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.seen) < 20:
            self.seen.append(self.format(record)[-3000:])
