"""A failing device loses no frame, and is retried at growing intervals."""

import gc
import logging
import threading
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import numpy as np
import pytest

from acutance.model.engine.engine import Engine, UnsupportedSizeError
from acutance.model.engine.failover import FailoverEngine
from acutance.model.engine.gpu import device as gpu_device
from acutance.model.planes import Plane, Size
from tests.frames import lumas
from tests.model.engine.gpu.staged import LOST, Session, staged

FAILED = "CUDA failure 901: operation failed due to a previous error during capture"
LUMA = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)


class Device(Engine):
    """An engine on a device that the test breaks; it computes on the CPU."""

    def __init__(self, real: Engine) -> None:
        self.student, self.provider, self.note, self.at_once = real.student, "CUDA", None, 16
        self.real = real
        self.broken: str | None = None
        self.calls = 0
        self.warmed: list[Size] = []

    def sharpen(self, *given: object, **named: object) -> Plane:
        self.calls += 1
        if self.broken:
            raise RuntimeError(self.broken)
        return self.real.sharpen(*given, **named)  # type: ignore[arg-type]

    def warm_up(self, sizes: Sequence[Size]) -> None:
        self.sharpen(LUMA)
        self.warmed += sizes


class Bench:
    def __init__(self, real: Engine) -> None:
        self.now = 0.0
        self.real = real
        self.device = Device(real)
        self.opened: list[float] = []
        self.opens = False
        self.reopened: Device | None = None
        self.engine = FailoverEngine(self.device, self.reopen, lambda: real, lambda: self.now)

    def reopen(self) -> Engine:
        self.opened.append(self.now)
        if not self.opens:
            raise RuntimeError("device lost")
        self.reopened = Device(self.real)
        return self.reopened

    def frame(self) -> Plane:
        sharpened = self.engine.sharpen(LUMA)
        self.engine.join()
        return sharpened


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open("nano", provider="cpu")


@pytest.fixture
def bench(engine: Engine) -> Bench:
    return Bench(engine)


def test_the_frame_that_fails_is_sharpened_on_the_cpu(bench: Bench) -> None:
    assert (bench.engine.provider, bench.engine.note) == ("CUDA", None)
    expected = bench.frame()
    bench.device.broken = FAILED
    assert np.array_equal(bench.frame(), expected)
    assert bench.engine.provider == "CPU"
    assert bench.engine.note is not None
    assert "CUDA failed in a call (RuntimeError)" in bench.engine.note
    bench.frame()
    assert bench.device.calls == 2, "it is not asked again with every frame"


def test_attempts_become_seldom(bench: Bench) -> None:
    bench.device.broken = FAILED
    for _ in range(1200):
        bench.frame()
        bench.now += 1.0
    gaps = np.diff([0.0, *bench.opened])
    assert list(gaps[:6]) == [5, 10, 20, 40, 80, 160]
    assert max(gaps) <= 301


def test_a_device_that_comes_back_is_used(bench: Bench) -> None:
    bench.device.broken = FAILED
    bench.frame()
    bench.opens = True
    bench.now = 6.0
    bench.frame()
    assert (bench.engine.provider, bench.engine.note) == ("CUDA", None)
    bench.frame()
    assert bench.device.calls == 1, "the new one runs"


def test_a_plane_of_an_unsupported_size_does_not_count_as_a_failure(bench: Bench) -> None:
    with pytest.raises(UnsupportedSizeError):
        bench.engine.sharpen(np.zeros((4, 4), np.uint8))
    assert bench.engine.provider == "CUDA"


def test_the_cpu_gets_no_more_frames_at_once_than_it_takes(engine: Engine) -> None:
    class Spare(Device):
        inside, most = 0, 0
        lock = threading.Lock()

        def sharpen(self, *given: object, **named: object) -> Plane:
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            sharpened = self.real.sharpen(*given, **named)  # type: ignore[arg-type]
            with self.lock:
                self.inside -= 1
            return sharpened

    spare, device = Spare(engine), Device(engine)
    spare.at_once, device.broken = 2, FAILED
    both = FailoverEngine(device, lambda: device, lambda: spare, lambda: 0.0)
    luma = np.zeros((360, 640), np.uint8)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(both.sharpen, [luma] * 32))
    assert spare.most == 2


@pytest.mark.parametrize(("error", "kept"), [("CUDA failure 2: out of memory", False), ("CUDA failure 901", True)])
def test_a_failed_engine_is_kept_unless_memory_ran_out(
    engine: Engine, caplog: pytest.LogCaptureFixture, error: str, kept: bool
) -> None:
    """The destructor of a session may end the process if the device refuses to destroy a graph."""
    caplog.set_level(
        logging.CRITICAL, "acutance.model.engine.failover"
    )  # pytest would keep the traceback, and all that it points to
    device = Device(engine)
    device.broken = error
    left = weakref.ref(device)
    both = FailoverEngine(device, lambda: engine, lambda: engine, lambda: 0.0)
    del device
    both.sharpen(LUMA)
    gc.collect()
    assert (left() is not None) is kept


def test_after_a_sticky_error_the_device_is_not_opened_again_and_the_reason_is_kept(engine: Engine) -> None:
    gpu = gpu_device.Device()
    device, now, opened = Device(engine), [0.0], []
    device.broken = "CUDA failure 719: unspecified launch failure ; GPU=0"
    both = FailoverEngine(device, lambda: opened.append(1) or device, lambda: engine, lambda: now[0], gpu)
    for _ in range(50):
        assert np.array_equal(both.sharpen(LUMA), engine.sharpen(LUMA))
        both.join()
        now[0] += 60
    assert opened == []
    assert both.provider == "CPU"
    assert gpu.lost == both.note
    assert both.note is not None
    assert "719: unspecified launch failure" in both.note
    assert "restart the server" in both.note


def test_a_second_student_on_a_lost_device_does_not_try_it_either(engine: Engine) -> None:
    gpu, opened = gpu_device.Device(), []
    gpu.lost = "lost"
    device = Device(engine)
    device.broken = "CUDA failure 901"
    both = FailoverEngine(device, lambda: opened.append(1) or device, lambda: engine, lambda: 1e9, gpu)
    for _ in range(3):
        both.sharpen(LUMA)
        both.join()
    assert opened == []


def test_a_device_is_warmed_up_at_the_start_and_when_it_is_opened_again(bench: Bench) -> None:
    bench.engine.warm_up([(64, 48)])
    assert bench.device.warmed == [(64, 48)]
    bench.device.broken = "CUDA failure 901"
    bench.frame()
    bench.opens, bench.now = True, 6.0
    bench.frame()
    assert bench.reopened is not None
    assert bench.reopened.warmed == [(64, 48)]


def test_a_device_that_fails_while_it_is_warmed_up_gives_way_to_the_cpu(bench: Bench) -> None:
    bench.device.broken = "CUDA failure 901"
    bench.engine.warm_up([(64, 48)])
    assert bench.engine.provider == "CPU"


def test_a_device_that_fails_in_mid_run_raises_nothing_and_every_frame_is_sharpened(engine: Engine) -> None:
    """The staged device: 2,000 frames on eight threads; it fails for good in the middle."""
    gpu, session = gpu_device.Device(), Session(engine)
    both = FailoverEngine(staged(engine, session), lambda: engine, lambda: engine, monotonic, gpu)
    frames = list(lumas(48, 32, 4))
    expected = [engine.sharpen(luma) for luma in frames]

    def run(index: int) -> bool:
        if index == 1000:
            session.failing = LOST
        return np.array_equal(both.sharpen(frames[index % 4]), expected[index % 4])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(2000)))
    assert both.provider == "CPU"
    assert gpu.lost is not None
    assert session.captured, "no graph of the lost device was released"
