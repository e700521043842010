import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from time import sleep

import pytest

from acutance.model.engine.batching import AT_ONCE, WINDOW_S, Collector, Waiting, next_batch

HD, SD = (720, 1280), (360, 640)


def waiting(*sizes: tuple[int, int], since: float = 10.0) -> list[Waiting]:
    return [Waiting(size, since + index * 1e-4) for index, size in enumerate(sizes)]


def test_a_single_frame_runs_at_once() -> None:
    assert next_batch(waiting(HD), running=0, now=10.0) == (0,)


def test_frames_of_two_milliseconds_form_a_batch_while_another_batch_runs() -> None:
    frames = waiting(HD, HD)
    assert next_batch(frames, running=1, now=10.0005) == 10.0 + WINDOW_S
    assert next_batch(frames, running=1, now=10.0 + WINDOW_S) == (0, 1)


@pytest.mark.parametrize(("count", "together"), [(1, 1), (2, 2), (3, 2), (4, 4), (7, 4), (8, 8), (11, 8)])
def test_batches_have_sizes_that_devices_know(count: int, together: int) -> None:
    assert next_batch(waiting(*[HD] * count), running=0, now=11.0) == tuple(range(together))


def test_eight_frames_wait_no_longer() -> None:
    assert next_batch(waiting(*[HD] * 8), running=1, now=10.0) == tuple(range(8))


def test_only_frames_of_one_size_run_together_the_oldest_first() -> None:
    assert next_batch(waiting(SD, HD, SD, HD, HD, HD), running=0, now=10.0) == (0, 2)


def test_no_batch_starts_at_the_limit_or_without_frames() -> None:
    assert next_batch(waiting(HD), running=AT_ONCE, now=99.0) is None
    assert next_batch([], running=0, now=99.0) is None


class Runner:
    """Runs batches; the first one blocks until it is released."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.error: Exception | None = None

    def run(self, size: tuple[int, int], frames: list[str]) -> None:
        self.batches.append(frames)
        if len(self.batches) == 1:
            self.begun.set()
            assert self.go_on.wait(20)
        elif self.error is not None:
            raise self.error


def _queue_up(collector: Collector[str], pool: ThreadPoolExecutor, frames: str) -> list[Future[None]]:
    """Submit frames while the first one is running; return the outcome of each."""
    futures: list[Future[None]] = []
    for frame in frames:
        before = collector.waiting
        futures.append(pool.submit(collector.submit, HD, frame))
        while collector.waiting == before:
            sleep(0)
    return futures


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as executor:
        yield executor


def test_frames_that_wait_for_a_batch_run_together_in_order(pool: ThreadPoolExecutor) -> None:
    runner = Runner()
    collector = Collector(runner.run, at_once=1)
    first = pool.submit(collector.submit, HD, "a")
    assert runner.begun.wait(20)
    queued = _queue_up(collector, pool, "bcdefg")
    runner.go_on.set()
    for future in (first, *queued):
        future.result(20)
    assert runner.batches == [["a"], ["b", "c", "d", "e"], ["f", "g"]]
    assert collector.waiting == 0


def test_the_error_of_a_batch_is_raised_for_its_own_callers_only(pool: ThreadPoolExecutor) -> None:
    runner = Runner()
    runner.error = RuntimeError("CUDA failure 2: out of memory")
    collector = Collector(runner.run, at_once=1)
    first = pool.submit(collector.submit, HD, "a")
    assert runner.begun.wait(20)
    queued = _queue_up(collector, pool, "bc")
    runner.go_on.set()
    first.result(20)
    for future in queued:
        with pytest.raises(RuntimeError, match="out of memory"):
            future.result(20)
    runner.error = None
    collector.submit(HD, "d")
    assert runner.batches == [["a"], ["b", "c"], ["d"]]


def test_a_second_batch_waits_only_for_the_window(pool: ThreadPoolExecutor) -> None:
    runner = Runner()
    collector = Collector(runner.run, at_once=2)
    first = pool.submit(collector.submit, HD, "a")
    assert runner.begun.wait(20)
    pool.submit(collector.submit, HD, "b").result(20)
    assert runner.batches == [["a"], ["b"]]
    assert not first.done()
    runner.go_on.set()
    first.result(20)
