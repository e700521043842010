"""Learning of one call, with a staged process instead of one that trains."""

import asyncio
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from acutance.model.engine import catalog
from acutance.model.engine.engine import Engine
from acutance.model.engine.sharpener import Sharpener
from acutance.model.engine.specialists import Specialists
from acutance.model.hints import Hints
from acutance.server.learning.call_learning import CallLearning
from acutance.server.learning.kept_weights import KeptWeights
from acutance.server.learning.learning import Learning
from acutance.server.learning.segments import Gatherer
from acutance.server.students.ladder import Ladder
from acutance.server.telemetry.load import Load
from tests.frames import frame_of
from tests.server.peers import until

# Most of these calls start a process that learns.
pytestmark = pytest.mark.process

SIZE = (160, 128)
FRAME = frame_of(np.random.default_rng(1).integers(0, 256, SIZE[::-1], np.uint8))
WEIGHTS = catalog.find("nano").file
STAGED = "tests.server.learning.staged_learner"
LADDER = Ladder.of(Engine.open("nano", "cpu", 1))


@dataclass
class Session:
    """Stands in for the session of the call: notes what it was given."""

    rung: str = "nano"
    wanted: bool = True
    students: list[Sharpener | None] = field(default_factory=list)

    def adopt(self, rung: str, student: Sharpener | None) -> None:
        assert rung == "nano"
        self.students.append(student)


@dataclass
class Call:
    """A call of which frames are offered until something has happened; time passes with each frame."""

    learning: CallLearning
    session: Session
    shared: Learning
    load: Load
    clock: list[float]

    async def until(self, true: Callable[[], object]) -> None:
        def offered() -> object:
            for _ in range(10):
                self.clock[0] += 1 / 30
                self.learning.offer(FRAME, Hints(step=5.0, bits=0.2), SIZE)
            return true()

        await until(offered, 60)


def begin(
    *plan: str, kept: KeptWeights | None = None, stream: str | None = None, shared: Learning | None = None
) -> Call:
    load, session, clock = Load(), Session(), [0.0]

    def command(python: str, students: list[Path]) -> list[str]:
        return [python, "-m", STAGED, str(students[0]), *plan]

    shared = shared or Learning(sys.executable, LADDER, load, opened, kept, command)
    gatherer = Gatherer(random.Random(1), lambda: clock[0])
    learning = CallLearning(shared, session, stream, gatherer, lambda: clock[0])
    return Call(learning, session, shared, load, clock)


def opened(file: Path, like: Sharpener) -> Sharpener:
    return Engine.open(file, "cpu", 1)


@asynccontextmanager
async def running(call: Call) -> AsyncIterator[Call]:
    task = asyncio.create_task(call.learning.run())
    try:
        yield call
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_better_weights_are_used_from_the_next_frame_on_and_withdrawn_again() -> None:
    async with running(begin("none", "weights", "refused", "withdrawn")) as call:
        await call.until(lambda: call.session.students)
        (student,) = call.session.students
        assert student is not None
        luma = np.zeros((128, 160), np.uint8)
        assert student.sharpen(luma).shape == luma.shape
        learned = call.learning.learned["nano"]
        assert (learned.weights, learned.gain, learned.before) == (WEIGHTS.read_bytes(), 0.5, 0.2)
        await call.until(lambda: call.shared.counts.withdrawn)
        assert call.session.students == [student, None]
        assert call.learning.learned == {}
        assert call.learning.seconds is None
        counts = call.shared.counts
        assert (counts.taken, counts.refused, counts.withdrawn) == (1, 1, 1)


async def test_weights_that_do_not_open_are_refused_and_learning_goes_on() -> None:
    async with running(begin("broken", "other", "weights")) as call:
        await call.until(lambda: call.learning.learned)
        assert (call.shared.counts.refused, call.shared.counts.taken) == (2, 1)
        assert call.learning.seconds is not None


@pytest.mark.parametrize("plan", ["end", "garbage"])
async def test_a_process_that_fails_leaves_the_call_alone(plan: str, caplog: pytest.LogCaptureFixture) -> None:
    async with running(begin(plan)) as call:
        await call.until(lambda: "the learning process has ended" in caplog.text)
        assert call.session.students == []


async def test_a_process_that_does_not_start_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    shared = Learning("/nowhere/python", LADDER, Load(), opened)
    async with running(begin(shared=shared)):
        await until(lambda: "the learning process does not start" in caplog.text)


async def test_to_forget_ends_the_process_and_uses_the_general_student(tmp_path: Path) -> None:
    kept = KeptWeights(tmp_path, ["live"])
    async with running(begin("weights", kept=kept, stream="live")) as call:
        await call.until(lambda: call.learning.learned)
        first = call.learning._process
        assert first is not None
        call.session.wanted = False
        call.learning.forget()
        assert call.session.students[-1] is None
        await until(lambda: call.learning._process is None and first._process.returncode is not None)
    assert kept.load("live", "nano") is None


async def test_weights_of_a_named_stream_are_kept_and_given_to_its_next_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    kept = KeptWeights(tmp_path, ["live"], "a key of the operator")
    async with running(begin("weights", kept=kept, stream="live")) as call:
        await call.until(lambda: call.learning.learned)
    await until(lambda: kept.load("live", "nano"))
    assert kept.load("live", "nano") == WEIGHTS.read_bytes()
    async with running(begin(kept=kept, stream="live")):
        await until(lambda: f"remembered {WEIGHTS.stat().st_size} bytes" in caplog.text)


async def test_a_busy_host_gets_no_frames_and_a_pause() -> None:
    async with running(begin("weights")) as call:
        await until(lambda: call.learning._process)
        call.load.counts_all = False  # whatever priority and quota the tests have
        call.load.busy = 0.9
        for _ in range(600):
            call.clock[0] += 1 / 30
            call.learning.offer(FRAME, Hints(step=5.0, bits=0.2), SIZE)
        assert call.shared.busy
        call.load.busy = 0.7
        assert call.shared.busy, "until there is clearly room"
        call.load.busy = 0.3
        assert not call.shared.busy
        assert call.session.students == []
        await call.until(lambda: call.learning.learned)


async def test_calls_take_turns() -> None:
    first = begin("weights", "weights")
    second = begin(shared=first.shared)
    async with running(first):
        await first.until(lambda: first.learning.learned)
        async with running(second):
            await until(lambda: first.shared.active == 2)
            second.learning.offer(FRAME, Hints(step=5.0, bits=0.2), SIZE)
            assert second.learning._process is None
        await until(lambda: first.shared.active == 1)


def test_one_part_of_a_student_is_replaced_and_the_other_stays() -> None:
    general, enlarged, learned = (Engine.open(name, "cpu", 1) for name in ("nano", "nano-enlarged", "nano-enlarged"))
    ladder = Ladder.of(Specialists(general, enlarged))
    shared = Learning(sys.executable, ladder, Load(), opened)
    assert shared.students("nano") == ["nano", "nano-enlarged"]
    combined = shared.combined("nano", {"nano-enlarged": learned})
    assert isinstance(combined, Specialists)
    assert combined.general is general
    assert combined.enlarged is learned


async def test_the_students_of_another_rung_are_learned_once_it_has_been_used_for_a_while() -> None:
    both = Ladder.of(*(Engine.open(name, "cpu", 1) for name in ("small", "nano")))
    started: list[str] = []

    def command(python: str, students: list[Path]) -> list[str]:
        started.append(students[0].stem)
        return [python, "-m", STAGED, str(students[0])]

    call = begin(shared=Learning(sys.executable, both, Load(), opened, None, command))
    async with running(call):
        await until(lambda: started == ["nano"])
        call.session.rung = "small"
        await call.until(lambda: len(started) > 1)
        assert started == ["nano", "small"]


def test_where_the_learning_itself_counts_as_load_it_goes_on_when_a_processor_is_free() -> None:
    load = Load()
    load.counts_all, load.cpus = True, 4
    shared = Learning(sys.executable, LADDER, load, opened)
    paused = []
    for load.busy in (0.85, 0.95, 0.7, 0.6, 0.85):
        paused.append(shared.busy)
    assert paused == [False, True, True, False, False]
