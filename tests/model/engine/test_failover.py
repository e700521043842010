"""A failing device loses no frame, and is retried at growing intervals."""

import gc
import logging
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from acutance.model.engine.engine import Engine, UnsupportedSizeError
from acutance.model.engine.failover import FailoverEngine
from acutance.model.planes import Plane

LUMA = np.random.default_rng(0).integers(0, 256, (48, 64), np.uint8)


class Device(Engine):
    """An engine on a device that the test breaks; it computes on the CPU."""

    def __init__(self, real: Engine) -> None:
        self.student, self.provider, self.note, self.at_once = real.student, "CUDA", None, 16
        self.real = real
        self.broken = False
        self.calls = 0

    def sharpen(self, *given: object, **named: object) -> Plane:
        self.calls += 1
        if self.broken:
            raise RuntimeError("CUDA failure 2: out of memory")
        return self.real.sharpen(*given, **named)  # type: ignore[arg-type]


class Bench:
    def __init__(self, real: Engine) -> None:
        self.now = 0.0
        self.real = real
        self.device = Device(real)
        self.opened: list[float] = []
        self.opens = False
        self.engine = FailoverEngine(self.device, self.reopen, lambda: real, lambda: self.now)

    def reopen(self) -> Engine:
        self.opened.append(self.now)
        if not self.opens:
            raise RuntimeError("device lost")
        return Device(self.real)

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
    bench.device.broken = True
    assert np.array_equal(bench.frame(), expected)
    assert bench.engine.provider == "CPU"
    assert bench.engine.note is not None
    assert "CUDA failed in a call (RuntimeError)" in bench.engine.note
    bench.frame()
    assert bench.device.calls == 2, "it is not asked again with every frame"


def test_attempts_become_seldom(bench: Bench) -> None:
    bench.device.broken = True
    for _ in range(1200):
        bench.frame()
        bench.now += 1.0
    gaps = np.diff([0.0, *bench.opened])
    assert list(gaps[:6]) == [5, 10, 20, 40, 80, 160]
    assert max(gaps) <= 301


def test_a_device_that_comes_back_is_used(bench: Bench) -> None:
    bench.device.broken = True
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
    spare.at_once, device.broken = 2, True
    both = FailoverEngine(device, lambda: device, lambda: spare, lambda: 0.0)
    luma = np.zeros((360, 640), np.uint8)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(both.sharpen, [luma] * 32))
    assert spare.most == 2


def test_a_failed_engine_is_released(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(
        logging.CRITICAL, "acutance.model.engine.failover"
    )  # pytest would keep the traceback, and all that it points to
    device = Device(engine)
    device.broken = True
    left = weakref.ref(device)
    both = FailoverEngine(device, lambda: engine, lambda: engine, lambda: 0.0)
    del device
    both.sharpen(LUMA)
    gc.collect()
    assert left() is None, "it holds memory that the device may be short of"
