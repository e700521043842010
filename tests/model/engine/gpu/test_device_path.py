"""The path of frames on a GPU, without the device: staging, batches, graph numbers, and failures."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from acutance.model.engine import providers
from acutance.model.engine.engine import Engine, probe
from acutance.model.engine.gpu.device import DEVICE
from acutance.model.hints import Hints
from tests.frames import lumas
from tests.model.engine.gpu.staged import LOST, STAGED, Session, staged

KNOWN = [Hints(step=float(step), sharpness=0.1) for step in range(0, 64, 2)]
STRENGTHS = [1.0, 0.5, 0.0, 0.75]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open("nano", provider="cpu", threads=1)


@pytest.fixture
def session(engine: Engine) -> Session:
    return Session(engine)


@pytest.fixture
def device(engine: Engine, session: Session) -> Engine:
    return staged(engine, session)


def test_frames_of_many_calls_each_receive_their_own_result(engine: Engine, device: Engine) -> None:
    many_calls(engine, device, within=0)


@pytest.mark.cuda
def test_many_calls_on_a_gpu(engine: Engine) -> None:
    device = Engine.open("nano", provider="cuda")
    if device.provider != "CUDA":
        pytest.skip(f"no CUDA here: {device.note}")
    many_calls(engine, device, within=1)


def many_calls(engine: Engine, device: Engine, within: int) -> None:
    """Sharpen frames of three sizes on many threads; half precision may differ by a grey level."""
    jobs = [
        (luma, KNOWN[index], STRENGTHS[index % 4])
        for index, luma in enumerate([*lumas(96, 64, 12), *lumas(97, 63, 10), *lumas(48, 32, 10)])
    ]
    alone = [engine.sharpen(luma, None, hints, strength) for luma, hints, strength in jobs]
    with ThreadPoolExecutor(device.at_once) as pool:
        for _ in range(3):
            together = pool.map(lambda job: device.sharpen(job[0], None, job[1], job[2]), jobs)
            assert all(
                np.abs(one.astype(int) - other).max() <= within for one, other in zip(alone, together, strict=True)
            )


def test_frames_that_queue_up_run_in_batches(device: Engine, session: Session) -> None:
    frames = list(lumas(640, 360, 8))
    with ThreadPoolExecutor(8) as pool:
        for _ in range(4):
            list(pool.map(device.sharpen, frames))
    assert 4 <= len(session.graphs) < 32


def test_a_graph_is_captured_right_after_a_run_that_plans(device: Engine, session: Session) -> None:
    """The first run of a shape plans outside of the gate; only the plan of the last shape is kept."""
    small, large = (next(lumas(width, 48, 1)) for width in (48, 64))
    for luma in (small, large, small, large):
        device.sharpen(luma)
    assert session.graphs == [-1, 1, -1, 2, 1, 2]


def test_no_graph_is_captured_while_another_student_copies(device: Engine, session: Session) -> None:
    luma = next(lumas(48, 48, 1))
    with DEVICE.lock.shared(long=True):
        device.sharpen(luma)
    device.sharpen(luma)
    device.sharpen(luma)
    assert session.graphs == [-1, -1, 1, 1]


def test_a_failed_run_is_reported_and_the_next_one_is_complete(device: Engine, session: Session) -> None:
    luma = next(lumas(64, 48, 1))
    expected = device.sharpen(luma)
    session.failing = LOST
    with pytest.raises(RuntimeError, match="719"):
        device.sharpen(luma)
    assert session.captured, "on a lost device no graph is released: that may end the process"
    session.failing = None
    assert np.array_equal(device.sharpen(luma), expected)
    session.failing = "CUDA failure 2: out of memory"
    with pytest.raises(RuntimeError, match="out of memory"):
        device.sharpen(luma)
    assert list(session.captured) == [1], "without memory, graph and buffers are released"


class Stale:
    """Acts like a captured graph that reads other addresses than those that are written."""

    def sharpen(self, luma: np.ndarray) -> np.ndarray:
        return np.zeros_like(luma)


def test_a_device_that_ignores_its_input_is_refused() -> None:
    with pytest.raises(RuntimeError, match="do not depend on its input alone"):
        probe(Stale())  # type: ignore[arg-type]


@pytest.fixture
def on_cuda(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, bool]]:
    """Replaces CUDA in the ladder by the CPU; the list has each opened rung, and whether graphs were requested."""
    monkeypatch.setitem(providers.TRAITS, "CUDA", STAGED)
    monkeypatch.setitem(providers.TRAITS, "CUDA fp32", replace(STAGED, half=False))
    opened: list[tuple[str, bool]] = []
    real = providers.open_session

    def open_session(model: Path, name: str, options: ort.SessionOptions, graphs: bool) -> ort.InferenceSession:
        if name != "CPU":
            opened.append((name, graphs))
        return real(model, "CPU", options, False)

    monkeypatch.setattr(providers, "open_session", open_session)
    return opened


def fails_on(monkeypatch: pytest.MonkeyPatch, fails: Callable[[Engine], bool], why: str) -> None:
    def run(engine: Engine) -> None:
        if fails(engine):
            raise RuntimeError(why)

    monkeypatch.setattr("acutance.model.engine.engine.probe", run)


def test_a_device_without_working_graphs_runs_without_them_and_says_so(
    on_cuda: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    why = "operation not permitted when stream is capturing"
    fails_on(monkeypatch, lambda engine: engine._traits.graphs > 0, why)
    engine = Engine.open("nano", threads=1)
    assert engine.provider == "CUDA"
    assert engine.note == f"CUDA runs without CUDA graphs: it opens, but does not run: {why}"
    assert on_cuda == [("CUDA", True), ("CUDA", False)]


def test_if_half_precision_fails_cuda_runs_in_single(
    on_cuda: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_on(monkeypatch, lambda engine: engine.provider == "CUDA", "CUDNN_STATUS_NOT_SUPPORTED\nand a page more")
    engine = Engine.open("nano", threads=1)
    assert engine.provider == "CUDA fp32"
    assert engine.note == "CUDA: it opens, but does not run: CUDNN_STATUS_NOT_SUPPORTED"
    assert on_cuda == [("CUDA", True), ("CUDA", False), ("CUDA fp32", True)]


def test_a_device_that_gives_other_pictures_than_the_cpu_is_refused(
    on_cuda: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acutance.model.engine.parity.difference", lambda engine, reference: 2)
    engine = Engine.open("nano", threads=1)
    assert engine.provider == "CPU"
    assert engine.note is not None
    assert engine.note.startswith("CUDA: its results differ from ONNX Runtime's by 2 grey levels")


def test_a_device_that_opens_but_does_not_run_is_replaced(
    on_cuda: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    fails_on(monkeypatch, lambda engine: engine.provider != "CPU", "CUDNN_STATUS_NOT_INITIALIZED\nand a page more")
    engine = Engine.open("nano", threads=1)
    assert engine.provider == "CPU"
    assert engine.note == "CUDA: it opens, but does not run: CUDNN_STATUS_NOT_INITIALIZED"


def test_a_device_that_is_lost_is_not_opened(on_cuda: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DEVICE, "lost", "restart the server")
    engine = Engine.open("nano", threads=1)
    assert (engine.provider, engine.note, on_cuda) == ("CPU", "CUDA: restart the server", [])


def test_no_copy_waits_for_a_capture_while_a_session_opens(
    on_cuda: list[tuple[str, bool]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opening takes a third of a second: a capture gives up at once, instead of holding up all copies."""
    real, alone = providers.open_session, []

    def open_session(model: Path, name: str, options: ort.SessionOptions, graphs: bool) -> ort.InferenceSession:
        if name == "CUDA":
            assert DEVICE.lock._long_holders == 1
            with DEVICE.lock.exclusive(patience=20) as captures:
                alone.append(captures)
        return real(model, name, options, graphs)

    monkeypatch.setattr(providers, "open_session", open_session)
    assert Engine.open("nano", threads=1).provider == "CUDA"
    assert alone == [False]


def test_graphs_can_be_left_out(on_cuda: list[tuple[str, bool]]) -> None:
    assert Engine.open("nano", threads=1, graphs=False).provider == "CUDA"
    assert on_cuda == [("CUDA", False)]
