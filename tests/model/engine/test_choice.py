"""The provider of a student is the one that is the fastest on this host."""

from typing import Any

import numpy as np
import pytest

from acutance.model.engine import openvino_runtime
from acutance.model.engine.catalog import Student, find
from acutance.model.engine.choice import SIZE, Candidates, candidates, choose, fastest
from acutance.model.engine.engine import Engine
from acutance.model.engine.providers import OPENVINO
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.planes import Chroma, Plane


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Timed:
    """An engine that takes a given time by the clock of the test, and once a good deal more."""

    at_once, note = 1, None

    def __init__(self, clock: Clock, provider: str, ms: float, disturbed: int = 2) -> None:
        self.student: Student = find("nano")
        self.provider = provider
        self.runs = 0
        self._clock, self._ms, self._disturbed = clock, ms, disturbed

    def sharpen(
        self,
        luma: Plane,
        out: Plane | None = None,
        hints: Hints = UNCODED,
        strength: float = 1.0,
        plate: PlatePlanes | None = None,
        chroma: Chroma | None = None,
    ) -> Plane:
        assert luma.shape == SIZE[::-1]
        self.runs += 1
        self._clock.now += self._ms / 1000 * (9 if self.runs == self._disturbed else 1)
        return luma

    def release_memory(self) -> None:
        """It holds none."""


@pytest.mark.parametrize(
    ("seconds", "chosen"), [([2.0], 0), ([2.0, 1.0], 1), ([2.0, 1.5, 1.0], 2), ([2.0, 1.9], 0), ([1.0, 2.0, 3.0], 0)]
)
def test_onnx_runtime_stays_unless_another_is_clearly_faster(seconds: list[float], chosen: int) -> None:
    assert fastest(seconds) == chosen


def test_each_student_runs_on_its_fastest_provider() -> None:
    clock = Clock()
    students = [
        Candidates([Timed(clock, "CPU", 40), Timed(clock, "OpenVINO", 30)], {"OpenVINO bf16": "no instructions"}),
        Candidates([Timed(clock, "CPU", 10), Timed(clock, "OpenVINO", 12), Timed(clock, "OpenVINO bf16", 9.5)]),
    ]
    one, other = choose(students, clock, clock)
    assert (one.engine.provider, other.engine.provider) == ("OpenVINO", "CPU")
    assert one.compared == {"CPU": 40, "OpenVINO": 30}
    assert one.cost.seconds_per_pixel == pytest.approx(0.03 / (SIZE[0] * SIZE[1]))
    assert one.summary == ("nano on OpenVINO: 30 ms per frame of 1280x720 (CPU 40 ms; OpenVINO bf16: no instructions)")
    assert other.summary.endswith("(OpenVINO 12 ms, OpenVINO bf16 10 ms)")


def test_a_busy_host_does_not_change_the_choice() -> None:
    clock = Clock()

    class Disturbed(Timed):
        """Needs half of the processor time of the other, and waits for a processor."""

        def sharpen(self, *given: Any, **named: Any) -> Plane:
            clock.now += 0.03
            return super().sharpen(*given, **named)

    def cpu_clock() -> float:
        return clock.now - 0.03 * (slow.runs + fast.runs)

    slow, fast = Disturbed(clock, "CPU", 10, disturbed=0), Disturbed(clock, "OpenVINO", 5, disturbed=0)
    (choice,) = choose([Candidates([slow, fast])], clock, cpu_clock)
    assert choice.engine.provider == "OpenVINO"
    assert choice.compared == {"CPU": 10, "OpenVINO": 5}
    assert choice.cost.seconds_per_pixel == pytest.approx(0.005 / (SIZE[0] * SIZE[1]))


def test_a_gpu_uses_no_processor_while_it_computes() -> None:
    clock = Clock()
    (choice,) = choose([Candidates([Timed(clock, "CUDA", 10)])], clock, lambda: 0.0)
    assert choice.compared == {"CUDA": 10}
    assert choice.cost.cpu_per_pixel == 0


@pytest.mark.parametrize(("ms", "runs"), [(5, 9), (100, 8), (2000, 4)])
def test_slow_hosts_measure_less(ms: float, runs: int) -> None:
    clock = Clock()
    engines = [Timed(clock, "CPU", ms, disturbed=0), Timed(clock, "OpenVINO", ms, disturbed=0)]
    choose([Candidates(engines)], clock, clock)
    assert [engine.runs for engine in engines] == [runs, runs]


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("acutance.model.engine.providers._DEVICE_FILES", ())


@pytest.mark.usefixtures("no_gpu")
def test_auto_compares_what_runs_here() -> None:
    pytest.importorskip("openvino")
    given = candidates("nano", "auto", 1)
    names = [engine.provider for engine in given.engines]
    assert names[0] == "CPU"
    assert {*names[1:], *given.refused} == set(OPENVINO)
    assert len({engine.note for engine in given.engines}) == 1, "each says why it is not CUDA"
    assert [engine.provider for engine in candidates("nano", "cpu", 1).engines] == ["CPU"]


@pytest.mark.usefixtures("no_gpu")
def test_auto_without_the_package_is_onnx_runtime_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openvino_runtime, "installed", lambda: False)
    given = candidates("nano", "auto", 1)
    (choice,) = choose([given])
    assert choice.engine.provider == "CPU"
    assert "OpenVINO: it is not installed; `pip install" in choice.summary


def test_the_cost_of_a_real_student_is_measured() -> None:
    (choice,) = choose([Candidates([Engine.open("nano", "cpu", 1)])])
    assert 0 < choice.cost.seconds_per_pixel < 1e-5
    assert choice.cost.cpu_per_pixel > 0
    assert np.isfinite(list(choice.compared.values())).all()
