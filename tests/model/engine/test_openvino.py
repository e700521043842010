"""OpenVINO runs the shipped students with ONNX Runtime's results, and contacts nobody."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil
import pytest

from acutance.model.engine import catalog, openvino_runtime, parity, providers
from acutance.model.engine.engine import Engine
from acutance.model.engine.failover import FailoverEngine, open_engine
from acutance.model.engine.specialists import open_student
from acutance.model.hints import UNCODED, Hints
from acutance.model.sharpness import detail_ratio
from tests.frames import lumas, soft

pytest.importorskip("openvino")
LADDER = [
    file for name in catalog.LADDER for file in (name, str(catalog.find(name).file.with_stem(f"{name}-enlarged")))
]


def open_or_skip(student: str, provider: str) -> Engine:
    try:
        return Engine.open_on(student, provider, 1)
    except providers.ProviderError as error:
        if "instructions" in str(error):
            pytest.skip(str(error))
        raise


@pytest.mark.parametrize("student", LADDER, ids=lambda student: Path(student).stem)
@pytest.mark.parametrize("provider", providers.OPENVINO)
def test_a_photograph_differs_by_a_grey_level_at_most(provider: str, student: str) -> None:
    engine, reference = open_or_skip(student, provider), Engine.open_on(student, "CPU", 1)
    for luma in lumas(321, 241, 1):
        for given, hints in ((luma, UNCODED), (soft(luma), Hints(16, 0.05)), (soft(luma, 4), Hints(16, 0.02, 2.0))):
            known = Hints(hints.step, hints.bits, hints.reduction, detail_ratio(given))
            one, other = engine.sharpen(given, hints=known), reference.sharpen(given, hints=known)
            assert np.abs(one.astype(int) - other).max() <= parity.TOLERANCE


@pytest.mark.parametrize("provider", providers.OPENVINO)
def test_calls_of_several_sizes_and_threads_do_not_mix(provider: str) -> None:
    engine = open_or_skip("nano", provider)
    frames = [*lumas(96, 64, 8), *lumas(97, 63, 8)]
    alone = [engine.sharpen(luma, strength=0.5) for luma in frames]
    with ThreadPoolExecutor(4) as pool:
        released = pool.submit(lambda: [engine.release_memory() for _ in range(20)])
        together = list(pool.map(lambda luma: engine.sharpen(luma, strength=0.5), frames))
        released.result()
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_results_that_differ_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parity, "difference", lambda engine, reference: 2)
    with pytest.raises(providers.ProviderError, match="differ from ONNX Runtime's by 2 grey levels"):
        Engine.open_on("nano", "OpenVINO", 1)
    engine = Engine.open("nano", "openvino", 1)
    assert engine.provider == "CPU"
    assert engine.note == "OpenVINO: its results differ from ONNX Runtime's by 2 grey levels"


def test_the_comparison_sees_a_student_that_computes_too_coarsely() -> None:
    class Coarse(Engine):
        def __init__(self, real: Engine) -> None:
            self.real = real

        def sharpen(
            self, luma: np.ndarray, out: object = None, hints: Hints = UNCODED, *_: object, **__: object
        ) -> np.ndarray:
            sharpened = self.real.sharpen(luma, hints=hints).astype(float)
            return np.round(luma + 0.8 * (sharpened - luma)).astype(np.uint8)

    real = Engine.open_on("base", "CPU", 1)
    assert parity.difference(real, real) == 0
    assert parity.difference(Coarse(real), real) > parity.TOLERANCE


def test_gates_may_differ_by_more_but_not_in_the_mean() -> None:
    """The student of the memory is used in bf16: a gate of 255 steps is not a grey level."""

    class Shifted:
        def __init__(self, real: Engine, by: int) -> None:
            self.real, self.by = real, by

        def sharpen(self, *given: object, **named: object) -> np.ndarray:
            return np.clip(self.real.sharpen(*given, **named).astype(int) + self.by, 0, 255).astype(np.uint8)  # type: ignore[arg-type]

    real, exact = open_or_skip("memory", "OpenVINO bf16"), Engine.open_on("memory", "CPU", 1)
    assert parity.difference(real, exact) > parity.TOLERANCE
    assert parity.refusal_reason(real, exact, gate=True) is None
    assert parity.refusal_reason(real, exact, gate=False) is not None
    for by, words in ((2, "in the mean"), (40, "by 40 grey levels")):
        assert words in str(parity.refusal_reason(Shifted(exact, by), exact, gate=True))


def test_bf16_falls_to_f32_where_the_processor_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(providers.OPENVINO, "OpenVINO bf16", "fp99")
    engine = Engine.open("nano", "openvino-bf16", 1)
    assert engine.provider == "OpenVINO"
    assert engine.note == "OpenVINO bf16: this processor has no fp99 instructions"


def test_a_host_without_the_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> object:
        raise ModuleNotFoundError("No module named 'openvino'")

    monkeypatch.setattr(openvino_runtime, "openvino_core", missing)
    engine = Engine.open("nano", "openvino", 1)
    assert (engine.provider, engine.note) == ("CPU", f"OpenVINO: {openvino_runtime.NOT_INSTALLED}")


def test_a_frame_on_which_it_fails_is_sharpened_by_onnx_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = open_engine("nano", "openvino", 1)
    assert isinstance(engine, FailoverEngine)
    luma = next(lumas(96, 64, 1))
    expected = Engine.open_on("nano", "CPU", 1).sharpen(luma)
    assert engine.provider == "OpenVINO"

    def fails(*_: object) -> None:
        raise RuntimeError("Exception from src/plugins/intel_cpu")

    monkeypatch.setattr(openvino_runtime.OpenVino, "buffers", fails)
    assert np.array_equal(engine.sharpen(luma), expected)
    assert engine.provider == "CPU"
    assert engine.note is not None
    assert engine.note.startswith("OpenVINO failed in a call")


def test_the_specialist_runs_on_the_same_provider() -> None:
    student = open_student("nano", "openvino", 1)
    assert student.provider == "OpenVINO"
    luma = next(lumas(96, 64, 1))
    enlarged = Engine.open_on(LADDER[-1], "OpenVINO", 1)
    known = Hints(reduction=2.0)
    assert np.array_equal(student.sharpen(luma, hints=known), enlarged.sharpen(luma, hints=known))


def test_nothing_is_reported_to_the_makers_of_the_library(tmp_path: Path) -> None:
    # The package's converter, imported with it by default, writes a client number to the home folder and sends it.
    program = (
        "import sys\n"
        "from acutance.model.engine.engine import Engine\n"
        "assert Engine.open('nano', 'openvino', 1).provider == 'OpenVINO'\n"
        "print([name for name in sys.modules if 'telemetry' in name or name == 'openvino.tools.ovc'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.rglob("*openvino*")) == []


def test_frames_of_ever_new_sizes_do_not_fill_the_memory() -> None:
    engine, process = Engine.open_on("nano", "OpenVINO", 1), psutil.Process()

    def grown(sizes: range) -> int:
        before = process.memory_info().rss
        for size in sizes:
            engine.sharpen(np.zeros((size, 96), np.uint8))
        return process.memory_info().rss - before

    grown(range(600, 850, 2))
    assert grown(range(850, 1100, 2)) < 128 << 20, "without a bound it is 3 MB for each size"
