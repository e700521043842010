"""The sessions of a server with workers: the door of the accepting process, and the worker processes behind it."""

import asyncio
import logging
import sys
from collections import Counter
from dataclasses import dataclass

from acutance.model.processors import usable_processors
from acutance.server.assembly import session_parts
from acutance.server.assembly.http_parts import HttpParts
from acutance.server.forward.rules import ForwardRules
from acutance.server.options.server import ServeOptions
from acutance.server.options.session_options import SessionOptions
from acutance.server.sessions.admission import Admission
from acutance.server.telemetry.counters import LoopLag
from acutance.server.telemetry.load import Load
from acutance.server.workers.fleet_report import FleetReporter
from acutance.server.workers.front import Front
from acutance.server.workers.processes.measured import Measured
from acutance.server.workers.processes.setup import Setup
from acutance.server.workers.processes.spawning import WorkerProcess
from acutance.server.workers.processes.supervisor import Supervisor
from acutance.server.workers.roster import Roster
from acutance.server.workers.share import gpu_of, visible_gpus, worker_count
from acutance.server.workers.summary import Summary

log = logging.getLogger(__name__)

# Workers close their sessions meanwhile, at most ten seconds each (rtc/connection.py), usually a few milliseconds.
_CLOSE_S = 4.0
# Windows cannot pass sockets to the processes that are started.
_SUPPORTED = sys.platform != "win32"


@dataclass(frozen=True)
class _FleetLoad:
    """The load of all processes of the server, see `admission.HostLoad`."""

    load: Load
    roster: Roster

    @property
    def without_students(self) -> float:
        return self.load.without_students

    @property
    def own(self) -> float:
        return self.load.own + sum(each.report.load.processors for each in self.roster.carriers.values())

    @property
    def cpus(self) -> float:
        return self.load.cpus


class Fleet(Front):
    """The door of the accepting process, which starts and ends the worker processes with itself.

    Attributes:
        reporter: describes the sessions of all workers.
    """

    def __init__(
        self, options: ServeOptions | SessionOptions, forwarding: ForwardRules, refusals: Counter[str], count: int
    ):
        """Create it without processes.

        Args:
            options: the options of `acutance serve`, or those for sessions.
            forwarding: who may request forwarding, and to which hosts.
            refusals: number of refused requests by error code.
            count: number of workers.
        """
        roster = Roster()
        self._load, self._loop_lag = Load(roster.student_processors), LoopLag()
        load = _FleetLoad(self._load, roster)
        admission = Admission(session_parts.admission_limits(options), roster, load, roster.next_process)
        self._summary = Summary(roster, admission, refusals, self._loop_lag, self._load)
        super().__init__(session_parts.network(options), roster, admission, forwarding, self._summary)
        self.reporter = FleetReporter(roster, admission, load)
        self._options = SessionOptions.model_validate(
            {name: getattr(options, name) for name in SessionOptions.model_fields}
        )
        self._count = count
        self._gpus = visible_gpus()
        self._supervisor = Supervisor(roster, count, self._spawn, self._note_replacement)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start the workers and return when they take requests.

        Raises:
            StartError: a worker cannot start.
        """
        try:
            await self._supervisor.start()
        except BaseException:
            await self._supervisor.close(0)
            raise
        self._tasks = [asyncio.create_task(measured.watch()) for measured in (self._loop_lag, self._load)]

    async def close(self) -> None:
        """End every session and all workers."""
        self.begin_draining()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._supervisor.close(_CLOSE_S)

    def log_start(self) -> None:
        """Log the number of workers; each worker logs its students."""
        log.info("%d worker processes", self._count)

    async def _spawn(self, name: str, number: int, measured: Measured | None) -> WorkerProcess:
        setup = Setup(
            name=name,
            options=self._options,
            forwarding=self._forwarding,
            workers=self._count,
            gpu=gpu_of(number, self._gpus),
            measured=measured,
        )
        return await WorkerProcess.spawn(setup, usable_processors() / self._count, self.roster.updated)

    def _note_replacement(self) -> None:
        self._summary.replaced += 1


def fleet(options: ServeOptions, parts: HttpParts) -> Fleet | None:
    """Return the door of a server with workers; None if this process carries the sessions itself."""
    count = worker_count(options.workers)
    if count > 1 and not _SUPPORTED:
        log.warning("--workers: this system runs one process for all sessions")
        return None
    return Fleet(options, parts.forwarding, parts.guard.refusals, count) if count > 1 else None
