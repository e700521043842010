"""Students with colour in the engine: chroma is corrected in place, and students without colour leave it alone."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from acutance.model.engine import openvino_runtime
from acutance.model.engine.engine import Engine, EngineError
from acutance.model.engine.failover import FailoverEngine
from acutance.model.hints import Hints
from acutance.model.nets.export import to_onnx
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import fold, sharpen
from acutance.model.planes import GREY, Chroma
from tests.model.engine.gpu.staged import Session, staged
from tests.model.students import lived_in

STUDENT = lived_in(StudentShape(8, 2, hinted=True, colour=True))
HINTS = Hints(step=20, bits=0.04)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("students") / "coloured.onnx"
    file.write_bytes(to_onnx(STUDENT, {}))
    return file


@pytest.fixture(scope="module")
def engine(file: Path) -> Engine:
    return Engine.open(file, "cpu", 1)


def frame(height: int, width: int, seed: int = 0) -> tuple[np.ndarray, Chroma]:
    """A frame whose chroma has padded rows, as decoders give it."""
    rng = np.random.default_rng(seed)
    half = (-(-height // 2), -(-width // 2))
    padded = rng.integers(0, 256, (2, half[0], half[1] + 13), np.uint8)
    return rng.integers(0, 256, (height, width), np.uint8), Chroma(*padded[:, :, : half[1]])


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (45, 60)])
def test_chroma_of_any_size_is_corrected_in_place(engine: Engine, size: tuple[int, int]) -> None:
    luma, chroma = frame(*size)
    expected = chroma.copy()
    padded = np.pad(luma, ((0, size[0] % 2), (0, size[1] % 2)), mode="edge")
    wanted = sharpen(fold(STUDENT), padded, HINTS, chroma=expected)[: size[0], : size[1]]
    around = chroma.u.base.copy()
    assert np.abs(engine.sharpen(luma, hints=HINTS, chroma=chroma).astype(int) - wanted).max() <= 1
    for ours, theirs in ((chroma.u, expected.u), (chroma.v, expected.v)):
        assert np.abs(ours.astype(int) - theirs).max() <= 1
    width = chroma.u.shape[1]
    np.testing.assert_array_equal(chroma.u.base[:, :, width:], around[:, :, width:])


def test_a_frame_without_chroma_is_grey_also_after_one_with_colours(engine: Engine) -> None:
    luma, chroma = frame(32, 48)
    grey = Chroma(*(np.full((16, 24), GREY, np.uint8) for _ in range(2)))
    engine.sharpen(luma, hints=HINTS, chroma=chroma)
    alone = engine.sharpen(luma, hints=HINTS)
    np.testing.assert_array_equal(alone, engine.sharpen(luma, hints=HINTS, chroma=grey))


def test_strength_zero_leaves_all_planes(engine: Engine) -> None:
    luma, chroma = frame(32, 48)
    before = chroma.copy()
    np.testing.assert_array_equal(engine.sharpen(luma, hints=HINTS, strength=0.0, chroma=chroma), luma)
    np.testing.assert_array_equal(chroma.v, before.v)


def test_a_student_without_colour_leaves_chroma(tmp_path: Path) -> None:
    plain = tmp_path / "plain.onnx"
    plain.write_bytes(to_onnx(lived_in(StudentShape(8, 2, hinted=True)), {}))
    luma, chroma = frame(32, 48)
    before = chroma.copy()
    Engine.open(plain, "cpu", 1).sharpen(luma, chroma=chroma)
    np.testing.assert_array_equal(chroma.u, before.u)
    np.testing.assert_array_equal(chroma.v, before.v)


def test_frames_of_several_calls_keep_their_colours_on_a_device(engine: Engine) -> None:
    device = staged(engine, Session(engine))
    jobs = [frame(32, 48, seed) for seed in range(12)]
    alone = []
    for luma, chroma in jobs:
        engine.sharpen(luma, hints=HINTS, chroma=(own := chroma.copy()))
        alone.append(own)
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda job: device.sharpen(job[0], hints=HINTS, chroma=job[1]), jobs))
    for (_, chroma), own in zip(jobs, alone, strict=True):
        assert max(np.abs(chroma.u.astype(int) - own.u).max(), np.abs(chroma.v.astype(int) - own.v).max()) <= 1


def test_the_cpu_takes_over_with_colour_if_a_device_fails(engine: Engine) -> None:
    session = Session(engine)
    both = FailoverEngine(staged(engine, session), lambda: engine, lambda: engine)
    session.failing = "CUDA failure 2: out of memory"
    luma, chroma = frame(32, 48)
    engine.sharpen(luma, hints=HINTS, chroma=(expected := chroma.copy()))
    both.sharpen(luma, hints=HINTS, chroma=chroma)
    np.testing.assert_array_equal(chroma.u, expected.u)


@pytest.mark.skipif(not openvino_runtime.installed(), reason="OpenVINO is not installed")
def test_openvino_gives_the_same_colours(file: Path, engine: Engine) -> None:
    other = Engine.open_on(file, "OpenVINO", 1)
    (luma, one), (_, two) = frame(33, 47), frame(33, 47)
    other.sharpen(luma, hints=HINTS, chroma=one)
    engine.sharpen(luma, hints=HINTS, chroma=two)
    assert np.abs(one.u.astype(int) - two.u).max() <= 1


def test_a_file_that_returns_rows_of_chroma_without_taking_any_is_refused(tmp_path: Path) -> None:
    planes = helper.make_tensor_value_info("planes", TensorProto.UINT8, ["N", 1, "H", "W"])
    rows = helper.make_tensor_value_info("sharpened", TensorProto.UINT8, ["N", "h", 3, "W"])
    strength = helper.make_tensor_value_info("strength", TensorProto.FLOAT, ["N", 1, 1, 1])
    shape = numpy_helper.from_array(np.array([0, -1, 3, 0]), "shape")
    nodes = [helper.make_node("Reshape", ["planes", "shape"], ["sharpened"])]
    graph = helper.make_graph(nodes, "rows", [planes, strength], [rows], [shape])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "rows.onnx")
    with pytest.raises(EngineError, match="is not a student"):
        Engine.open(tmp_path / "rows.onnx", "cpu", 1)
