"""The exported graph computes what torch computes, in the fewest nodes, and the engine takes it."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from model.engine import Engine
from model.export import ExportError, check_parity, to_onnx
from model.nets.shape import StudentShape
from model.nets.student import Student, sharpen
from tests.model.students import lived_in

SIZES = [(2, 2), (2, 16), (16, 16), (18, 34), (96, 64), (180, 322)]


@pytest.fixture(scope="module")
def student() -> Student:
    return lived_in(StudentShape(16, 3))


def picture(height: int, width: int) -> np.ndarray:
    """Ramps with an edge and black, white and noisy parts, so that clipping is met on both sides."""
    y, x = np.mgrid[:height, :width]
    luma = (x * 7 + y * 3) % 256
    luma[: height // 3] = 255 * (x[: height // 3] > width // 2)
    luma[height // 3 : height // 2] = np.random.default_rng(0).integers(0, 256, luma[height // 3 : height // 2].shape)
    return luma.astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_the_graph_agrees_with_torch_within_a_grey_level(student: Student, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    assert check_parity(to_onnx(student, {}), student, [noise, picture(*size)]) <= 1


def test_parity_notices_another_student(student: Student) -> None:
    other = lived_in(StudentShape(16, 3), seed=7)
    with pytest.raises(ExportError, match=r"r2c16n3 differs from torch by \d+ grey levels"):
        check_parity(to_onnx(student, {}), other, [picture(64, 64)])


def test_a_batch_is_sharpened_picture_by_picture(student: Student) -> None:
    session = ort.InferenceSession(to_onnx(student, {}), providers=["CPUExecutionProvider"])
    batch = np.stack([picture(32, 48), 255 - picture(32, 48)])[:, None]
    (result,) = session.run(["sharpened"], {"luma": batch})
    assert result.dtype == np.uint8
    assert np.abs(result[1, 0].astype(int) - sharpen(student, batch[1, 0])).max() <= 1


def test_the_graph_has_nothing_but_what_is_to_be_computed(student: Student) -> None:
    model = onnx.load_from_string(to_onnx(student, {}))
    kinds = Counter(node.op_type for node in model.graph.node)
    assert kinds == {"Cast": 2, "Conv": 5, "Relu": 4, "Add": 2, "DepthToSpace": 1, "Round": 1, "Clip": 1}
    assert {opset.version for opset in model.opset_import} == {17}


def test_the_file_says_what_it_is(student: Student) -> None:
    session = ort.InferenceSession(to_onnx(student, {"commit": "abc"}), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"name": "r2c16n3", "commit": "abc"}


def test_the_engine_runs_an_exported_student_on_odd_sizes(student: Student, tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(to_onnx(student, {}))
    luma = picture(45, 67)
    sharpened = Engine.open(file, provider="cpu").sharpen(luma)
    padded = np.pad(luma, ((0, 1), (0, 1)), mode="edge")
    assert np.abs(sharpened.astype(int) - sharpen(student, padded)[:45, :67]).max() <= 1
