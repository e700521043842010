"""The path of frames on a GPU, without the device: staging, batches, graph numbers, and failures."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from acutance.model.engine import providers
from acutance.model.engine.device import DEVICE
from acutance.model.engine.engine import Engine, probe
from acutance.model.engine.runtime import OnnxRuntime
from acutance.model.hints import Hints
from tests.frames import lumas

STAGED = replace(providers.TRAITS["CUDA"], place="cpu", graphs=2)
KNOWN = [Hints(step=float(step), sharpness=0.1) for step in range(0, 64, 2)]
STRENGTHS = [1.0, 0.5, 0.0, 0.75]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open("nano", provider="cpu", threads=1)


class Session:
    """A session that records how it was run, and loses its device on request."""

    def __init__(self, real: Engine) -> None:
        self._real = ort.InferenceSession(str(real.student.file), providers=["CPUExecutionProvider"])
        self.graphs: list[int] = []
        self.lost = False

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def run_with_iobinding(self, binding: ort.IOBinding, options: ort.RunOptions) -> None:
        self.graphs.append(int(options.get_run_config_entry("gpu_graph_id")))
        if self.lost:
            raise RuntimeError("CUDA failure 719: unspecified launch failure")
        self._real.run_with_iobinding(binding, options)


@pytest.fixture
def session(engine: Engine) -> Session:
    return Session(engine)


@pytest.fixture
def device(engine: Engine, session: Session) -> Engine:
    return Engine(engine.student, OnnxRuntime(session, STAGED), "CUDA", None, STAGED)


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


def test_each_size_has_its_own_graph_up_to_the_limit(device: Engine, session: Session) -> None:
    small, large, third = (next(lumas(width, 48, 1)) for width in (48, 64, 80))
    for luma in (small, large, small, third, third):
        device.sharpen(luma)
    assert session.graphs == [1, 2, 1, -1, -1]


def test_no_graph_is_captured_while_another_student_copies(device: Engine, session: Session) -> None:
    luma = next(lumas(48, 48, 1))
    with DEVICE.lock.shared():
        device.sharpen(luma)
    device.sharpen(luma)
    device.sharpen(luma)
    assert session.graphs == [-1, 1, 1]


def test_a_failed_run_is_reported_and_the_next_one_is_complete(device: Engine, session: Session) -> None:
    luma = next(lumas(64, 48, 1))
    expected = device.sharpen(luma)
    session.lost = True
    with pytest.raises(RuntimeError, match="719"):
        device.sharpen(luma)
    session.lost = False
    assert np.array_equal(device.sharpen(luma), expected)


class Stale:
    """Acts like a captured graph that reads other addresses than those that are written."""

    def sharpen(self, luma: np.ndarray) -> np.ndarray:
        return np.zeros_like(luma)


def test_a_device_that_ignores_its_input_is_refused() -> None:
    with pytest.raises(RuntimeError, match="do not depend on its input alone"):
        probe(Stale())  # type: ignore[arg-type]


@pytest.fixture
def on_cuda(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Replaces CUDA in the ladder by the CPU; the list has for each session whether graphs were requested."""
    monkeypatch.setitem(providers.TRAITS, "CUDA", STAGED)
    opened: list[bool] = []
    real = providers.open_session

    def open_session(model: Path, name: str, options: ort.SessionOptions, graphs: bool) -> ort.InferenceSession:
        if name == "CUDA":
            opened.append(graphs)
        return real(model, "CPU", options, False)

    monkeypatch.setattr(providers, "open_session", open_session)
    return opened


def test_a_device_without_working_graphs_runs_without_them(
    on_cuda: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_without(engine: Engine) -> None:
        if engine._traits.graphs:
            raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr("acutance.model.engine.engine.probe", only_without)
    engine = Engine.open("nano", threads=1)
    assert (engine.provider, engine.note, on_cuda) == ("CUDA", None, [True, False])


def test_a_device_that_opens_but_does_not_run_is_replaced(on_cuda: list[bool], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(engine: Engine) -> None:
        if engine.provider == "CUDA":
            raise RuntimeError("CUDNN_STATUS_NOT_INITIALIZED\nand a page more")

    monkeypatch.setattr("acutance.model.engine.engine.probe", fails)
    engine = Engine.open("nano", threads=1)
    assert engine.provider == "CPU"
    assert engine.note == "CUDA: it opens, but does not run: CUDNN_STATUS_NOT_INITIALIZED"


def test_graphs_can_be_left_out(on_cuda: list[bool]) -> None:
    assert Engine.open("nano", threads=1, graphs=False).provider == "CUDA"
    assert on_cuda == [False]
