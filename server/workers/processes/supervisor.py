"""Starts the workers of a server, and replaces those that end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic

from acutance.server.workers.carrier import CarrierLostError
from acutance.server.workers.processes.linked import StartError
from acutance.server.workers.processes.measured import Measured
from acutance.server.workers.processes.spawning import WorkerProcess
from acutance.server.workers.roster import Roster

log = logging.getLogger(__name__)

# A worker that does not report for so long is stopped or blocked for good.
_SILENT_S = 10.0
_LOOK_S = 1.0
# Pauses before a replacement. At first its sessions begin anew on the other workers, which have to start encoders; a
# worker that ends again and again must not keep a processor busy.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 60.0
# A worker that ran for so long was started well.
_STEADY_S = 60.0

type Spawn = Callable[[str, int, Measured | None], Awaitable[WorkerProcess]]


class Supervisor:
    """Keeps a number of workers running. Belongs to one event loop."""

    def __init__(
        self,
        roster: Roster,
        count: int,
        spawn: Spawn,
        on_replaced: Callable[[], object],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
    ):
        """Create it.

        Args:
            roster: gets the workers that take sessions.
            count: number of workers.
            spawn: starts a worker, from its name, its number from 0 up to ``count``, and what another one measured.
            on_replaced: called when a worker has been replaced.
            sleep: pauses for some seconds.
            clock: in seconds.
        """
        self._roster = roster
        self._count = count
        self._spawn = spawn
        self._on_replaced = on_replaced
        self._sleep = sleep
        self._clock = clock
        self._names = 0
        self._measured: Measured | None = None
        self._running: dict[int, WorkerProcess] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all workers and return when they take requests.

        Raises:
            StartError: a worker cannot start.
        """
        try:
            # The first one alone: it measures the host, which the others would disturb.
            await self._begin(0)
            await asyncio.gather(*(self._begin(number) for number in range(1, self._count)))
        except CarrierLostError as error:
            raise StartError(f"{error}: see its messages above") from error
        self._tasks = [asyncio.create_task(self._keep(number)) for number in range(self._count)]
        self._tasks.append(asyncio.create_task(self._watch()))

    async def close(self, seconds: float) -> None:
        """End all workers; those that take longer than this time are killed."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        running = list(self._running.values())
        for worker in running:
            worker.carrier.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await asyncio.gather(*(worker.ended() for worker in running))
        for worker in running:
            worker.kill()
        await asyncio.gather(*(worker.ended() for worker in running))

    async def _begin(self, number: int) -> None:
        """Start the worker with this number and return when it takes requests."""
        self._names += 1
        worker = await self._spawn(f"w{self._names}", number, self._measured)
        self._running[number] = worker
        self._measured = await worker.carrier.started
        self._roster.add(worker.carrier)

    async def _keep(self, number: int) -> None:
        """Replace the worker with this number whenever it ends."""
        pause = _FIRST_PAUSE_S
        while True:
            begun = self._clock()
            await self._until_ended(self._running[number])
            if self._clock() - begun > _STEADY_S:
                pause = _FIRST_PAUSE_S
            while True:
                await self._sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
                try:
                    await self._begin(number)
                except (CarrierLostError, StartError, OSError) as error:
                    log.error("a worker could not be replaced (%s): trying again in %g s", error, pause)
                else:
                    break
            self._on_replaced()
            log.info("worker %s takes its place", self._running[number].carrier.name)

    async def _until_ended(self, worker: WorkerProcess) -> None:
        carrier = worker.carrier
        await carrier.ended.wait()
        lost = len(carrier.report.sessions)
        # At once: the exit code takes longer, and meanwhile clients ask for their sessions.
        self._roster.remove(carrier)
        code = await worker.ended()
        log.error("worker %s has ended with code %d, and %d session(s) with it", carrier.name, code, lost)

    async def _watch(self) -> None:
        """End workers that do not report."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for worker in self._running.values():
                carrier = worker.carrier
                if carrier.started.done() and not carrier.ended.is_set() and carrier.silent_s > _SILENT_S:
                    log.error("worker %s has not reported for %g s: it is ended", carrier.name, _SILENT_S)
                    worker.kill()
