import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from acutance.server.students.inference import Inference, OverdueError

PATIENCE_S = 0.05


class Call:
    """A call that returns when the test allows it."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.end = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.end.wait(10)
        return "late"


@pytest.fixture
async def inference() -> AsyncIterator[Inference]:
    inference = Inference(2, PATIENCE_S)
    yield inference
    await inference.close()


@pytest.fixture
async def hung(inference: Inference) -> AsyncIterator[Call]:
    call = Call()
    with pytest.raises(OverdueError, match="the student nano does not answer"):
        await inference.run("nano", call)
    yield call
    call.end.set()


async def test_results_and_errors_are_returned(inference: Inference) -> None:
    assert await inference.run("nano", lambda word: word, "sharp") == "sharp"
    with pytest.raises(ZeroDivisionError):
        await inference.run("nano", lambda: 1 / 0)
    assert inference.overdue == 0


async def test_a_student_that_hangs_takes_no_call_until_it_has_returned(inference: Inference, hung: Call) -> None:
    asked: list[str] = []
    with pytest.raises(OverdueError, match="nano"):
        await inference.run("nano", asked.append, "nano")
    assert not asked
    hung.end.set()
    async with asyncio.timeout(5):
        while inference.overdue:  # noqa: ASYNC110 - its thread says nothing
            await asyncio.sleep(0.001)
    await inference.run("nano", asked.append, "nano")
    assert asked == ["nano"]


async def test_other_students_run_on_the_remaining_threads(inference: Inference, hung: Call) -> None:
    assert await inference.run("small", lambda: "sharp") == "sharp"
    other = Call()
    with pytest.raises(OverdueError, match="small"):
        await inference.run("small", other)
    try:
        with pytest.raises(OverdueError):
            await inference.run("base", lambda: "no thread is left")
        assert inference.overdue == 2
    finally:
        other.end.set()


async def test_a_call_that_waits_for_a_thread_waits_no_longer_than_the_others(inference: Inference) -> None:
    calls = [Call() for _ in range(3)]
    try:
        results = await asyncio.gather(
            *(inference.run(f"student {number}", call) for number, call in enumerate(calls)), return_exceptions=True
        )
        assert all(isinstance(result, OverdueError) for result in results)
        assert inference.overdue == 2
    finally:
        for call in calls:
            call.end.set()
    assert not calls[2].begun.is_set(), "it is no longer waited for"


class Clock:
    """A clock that the test advances."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


async def _cancelled(inference: Inference) -> Call:
    """A call of ``nano`` that continues although its session was closed."""
    call = Call()
    task = asyncio.create_task(inference.run("nano", call))
    assert await asyncio.to_thread(call.begun.wait, 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return call


async def test_a_cancelled_call_is_overdue_once_its_patience_is_over() -> None:
    clock = Clock()
    inference = Inference(2, PATIENCE_S, clock)
    call = await _cancelled(inference)
    assert inference.overdue == 0
    assert await inference.run("nano", lambda: "sharp") == "sharp", "a session that closes does not disturb the others"
    clock.now = PATIENCE_S
    assert inference.overdue == 1
    with pytest.raises(OverdueError, match="nano"):
        await inference.run("nano", lambda: "sharp")
    call.end.set()
    async with asyncio.timeout(5):
        while inference.overdue:  # noqa: ASYNC110 - its thread says nothing
            await asyncio.sleep(0.001)
    assert await inference.run("nano", lambda: "sharp") == "sharp"
    await inference.close()


async def test_close_distinguishes_a_call_that_hangs_from_one_that_ends_soon() -> None:
    inference = Inference(2, PATIENCE_S)
    quick = await _cancelled(inference)
    closing = asyncio.create_task(inference.close())
    await asyncio.sleep(0)
    quick.end.set()
    await closing
    assert inference.overdue == 0
    inference = Inference(2, PATIENCE_S, Clock())
    hung = await _cancelled(inference)
    await inference.close()
    assert inference.overdue == 1, "the interpreter must not wait for its thread"
    hung.end.set()
