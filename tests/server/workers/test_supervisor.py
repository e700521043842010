"""Starting, replacing and ending workers, with processes that exist in this test alone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

import pytest

from acutance.server.encoding.encoder_choice import EncoderChoice
from acutance.server.workers.carrier import CarrierLostError
from acutance.server.workers.processes.linked import StartError
from acutance.server.workers.processes.measured import Measured
from acutance.server.workers.processes.spawning import WorkerProcess
from acutance.server.workers.processes.supervisor import Supervisor
from acutance.server.workers.report import Report
from acutance.server.workers.roster import Roster
from tests.server.peers import until

MEASURED = Measured(students={}, encoders=EncoderChoice())


class FakeCarrier:
    def __init__(self, name: str):
        self.name = name
        self.share = 1.0
        self.gpu: str | None = None
        self.report = Report()
        self.started: asyncio.Future[Measured] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()
        self.silent_s = 0.0
        self.responds = True
        self.stubborn = False

    def stop(self) -> None:
        if not self.stubborn:
            self.ended.set()


class FakeProcess:
    def __init__(self, name: str):
        self.carrier = FakeCarrier(name)
        self.killed = False

    def kill(self) -> None:
        self.killed = True
        self.carrier.ended.set()

    async def ended(self) -> int:
        await self.carrier.ended.wait()
        return -9 if self.killed else 0


class Spawner:
    """Spawns; ``fault`` prevents the start of the next ones."""

    def __init__(self) -> None:
        self.processes: list[FakeProcess] = []
        self.calls: list[tuple[str, int, Measured | None]] = []
        self.fault: Exception | None = None

    async def __call__(self, name: str, number: int, measured: Measured | None) -> WorkerProcess:
        self.calls.append((name, number, measured))
        process = FakeProcess(name)
        self.processes.append(process)
        if self.fault is not None:
            process.carrier.started.set_exception(self.fault)
        else:
            process.carrier.started.set_result(MEASURED)
        return cast(WorkerProcess, process)


class Pauses:
    """Sleeps without waiting, and records the seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
async def supervise() -> AsyncIterator[Callable[..., Any]]:
    started: list[Supervisor] = []

    def make(spawner: Spawner, roster: Roster, pauses: Pauses, count: int = 2, **more: Any) -> Supervisor:
        started.append(Supervisor(roster, count, spawner, lambda: None, pauses, **more))
        return started[-1]

    yield make
    for each in started:
        await each.close(0)


async def test_the_first_worker_measures_for_all(supervise: Callable[..., Any]) -> None:
    spawner, roster = Spawner(), Roster()
    await supervise(spawner, roster, Pauses(), 3).start()
    assert spawner.calls == [("w1", 0, None), ("w2", 1, MEASURED), ("w3", 2, MEASURED)]
    assert list(roster.carriers) == ["w1", "w2", "w3"]


async def test_a_worker_that_ends_is_replaced_under_another_name(supervise: Callable[..., Any]) -> None:
    spawner, roster = Spawner(), Roster()
    await supervise(spawner, roster, Pauses()).start()
    spawner.processes[0].kill()
    await until(lambda: "w3" in roster.carriers)
    assert list(roster.carriers) == ["w2", "w3"]
    assert spawner.calls[-1] == ("w3", 0, MEASURED)


async def test_the_pauses_before_replacements_grow_while_workers_end_at_once(supervise: Callable[..., Any]) -> None:
    spawner, roster, pauses = Spawner(), Roster(), Pauses()
    await supervise(spawner, roster, pauses, 1).start()
    spawner.fault = CarrierLostError("it has ended at its start")
    spawner.processes[0].kill()
    await until(lambda: len(pauses.seconds) >= 7)
    spawner.fault = None
    await until(lambda: roster.carriers)
    assert pauses.seconds[:7] == [2, 4, 8, 16, 32, 60, 60]


async def test_a_worker_that_ran_for_long_is_replaced_soon(supervise: Callable[..., Any]) -> None:
    spawner, roster, pauses, now = Spawner(), Roster(), Pauses(), [0.0]
    await supervise(spawner, roster, pauses, 1, clock=lambda: now[0]).start()
    for number in range(3):
        await asyncio.sleep(0.01)  # the supervisor waits for its end
        now[0] += 100.0
        spawner.processes[number].kill()
        await until(lambda number=number: f"w{number + 2}" in roster.carriers)
    assert pauses.seconds == [2, 2, 2]


@pytest.mark.parametrize("fault", [StartError("there is no student"), CarrierLostError("it has ended at its start")])
async def test_an_error_at_the_start_is_reported(supervise: Callable[..., Any], fault: Exception) -> None:
    spawner = Spawner()
    spawner.fault = fault
    with pytest.raises(StartError, match=str(fault)):
        await supervise(spawner, Roster(), Pauses()).start()


async def test_a_silent_worker_is_ended(supervise: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.server.workers.processes.supervisor._LOOK_S", 0.01)
    spawner, roster = Spawner(), Roster()
    await supervise(spawner, roster, Pauses()).start()
    spawner.processes[1].carrier.silent_s = 11.0
    await until(lambda: "w3" in roster.carriers)
    assert [each.killed for each in spawner.processes] == [False, True, False]


async def test_workers_that_do_not_stop_are_killed(supervise: Callable[..., Any]) -> None:
    spawner, roster = Spawner(), Roster()
    supervisor = supervise(spawner, roster, Pauses())
    await supervisor.start()
    spawner.processes[1].carrier.stubborn = True
    await supervisor.close(0.05)
    assert all(each.carrier.ended.is_set() for each in spawner.processes)
