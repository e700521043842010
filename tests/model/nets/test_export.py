"""The exported graph computes what torch computes, with the fewest nodes, and the engine opens it."""

from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from acutance.model.engine.engine import Engine
from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.nets.export import OUTPUT, PLANES, ExportError, to_onnx
from acutance.model.nets.export import STRENGTH as STRENGTH_INPUT
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student, fold, sharpen
from tests.model.parity import check_parity
from tests.model.students import lived_in

SIZES = [(2, 2), (2, 16), (16, 16), (18, 34), (96, 64), (180, 322)]


STRENGTH = np.ones((1, 1, 1, 1), np.float32)


@pytest.fixture(scope="module", params=["r2c16n3", "r2c8n2h", "r2c8n6h", "r2c16n1t1h"])
def student(request: pytest.FixtureRequest) -> Student:
    return lived_in(StudentShape.parse(request.param))


def textured_luma(height: int, width: int) -> np.ndarray:
    """Ramps with an edge and black, white and noisy parts, so that clipping is met on both sides."""
    y, x = np.mgrid[:height, :width]
    luma = (x * 7 + y * 3) % 256
    luma[: height // 3] = 255 * (x[: height // 3] > width // 2)
    luma[height // 3 : height // 2] = np.random.default_rng(0).integers(0, 256, luma[height // 3 : height // 2].shape)
    return luma.astype(np.uint8)


@pytest.mark.parametrize("size", SIZES)
def test_the_graph_agrees_with_torch_within_a_grey_level(student: Student, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(1).integers(0, 256, size, np.uint8)
    inputs = [(noise, UNCODED), (textured_luma(*size), Hints(step=20, reduction=1.5))]
    assert check_parity(to_onnx(student, {}), student, inputs) <= 1


def test_parity_notices_another_student(student: Student) -> None:
    other = lived_in(student.shape, seed=7)
    with pytest.raises(ExportError, match=rf"{student.shape.name} differs from torch by \d+ grey levels"):
        check_parity(to_onnx(student, {}), other, [(textured_luma(64, 64), UNCODED)])


def test_hints_change_what_a_student_does() -> None:
    student = lived_in(StudentShape(8, 2, hinted=True))
    with torch.no_grad():
        student.head[0].weight[:, 1].normal_()  # type: ignore[index]
    told = sharpen(student, textured_luma(64, 64), Hints(step=40))
    assert not np.array_equal(told, sharpen(student, textured_luma(64, 64)))
    inputs = [(textured_luma(64, 64), hints) for hints in (UNCODED, Hints(40), Hints(0, 0.1), Hints(90, 0.02, 4))]
    assert check_parity(to_onnx(student, {}), student, inputs) <= 1


def test_each_frame_of_a_batch_is_sharpened_alone(student: Student) -> None:
    session = ort.InferenceSession(to_onnx(student, {}), providers=["CPUExecutionProvider"])
    batch = np.zeros((2, student.shape.planes, 32, 48), np.uint8)
    batch[0, 0], batch[1, 0] = textured_luma(32, 48), 255 - textured_luma(32, 48)
    (result,) = session.run([OUTPUT], {PLANES: batch, STRENGTH_INPUT: STRENGTH.repeat(2, axis=0)})
    assert result.dtype == np.uint8
    assert np.abs(result[1, 0].astype(int) - sharpen(student, batch[1, 0])).max() <= 1


def test_strength_scales_the_correction(student: Student) -> None:
    session = ort.InferenceSession(to_onnx(student, {}), providers=["CPUExecutionProvider"])
    planes = np.zeros((1, student.shape.planes, 64, 64), np.uint8)
    planes[0, 0] = 64 + textured_luma(64, 64) // 2
    none, half, full = (
        session.run([OUTPUT], {PLANES: planes, STRENGTH_INPUT: STRENGTH * factor})[0][0, 0].astype(int)
        for factor in (0, 0.5, 1)
    )
    assert np.array_equal(none, planes[0, 0])
    unclipped = (full > 0) & (full < 255)
    assert np.abs((half - none) * 2 - (full - none))[unclipped].max() <= 2
    assert (full != none).any()


def test_the_graph_has_no_superfluous_nodes(student: Student) -> None:
    model = onnx.load_from_string(to_onnx(student, {}))
    kinds = Counter(node.op_type for node in model.graph.node)
    convolutions = student.shape.depth + 2
    expected = Counter(Conv=convolutions, Relu=convolutions - 1, Add=len(student.shape.blocks) + 1)
    expected += Counter(Cast=2, Slice=int(student.shape.planes > 1), Mul=1, QuantizeLinear=1)
    expected += Counter(Transpose=2, Reshape=2, Shape=1)
    assert kinds == expected
    assert {opset.version for opset in model.opset_import} == {17}


def test_the_file_says_what_it_is(student: Student) -> None:
    session = ort.InferenceSession(to_onnx(student, {"commit": "abc"}), providers=["CPUExecutionProvider"])
    assert session.get_modelmeta().custom_metadata_map == {"shape": student.shape.name, "commit": "abc"}


def test_the_engine_runs_an_exported_student_on_odd_sizes(student: Student, tmp_path: Path) -> None:
    file = tmp_path / "own.onnx"
    file.write_bytes(to_onnx(student, {}))
    luma = textured_luma(45, 67)
    engine = Engine.open(file, provider="cpu")
    padded = np.pad(luma, ((0, 1), (0, 1)), mode="edge")
    for hints in (UNCODED, Hints(30, 0.1, 1.5), Hints(8)):
        sharpened = engine.sharpen(luma, hints=hints)
        assert np.abs(sharpened.astype(int) - sharpen(student, padded, hints)[:45, :67]).max() <= 1
    assert np.array_equal(engine.sharpen(luma, strength=0), luma)


def test_where_nothing_is_remembered_a_frame_stays_as_it_is() -> None:
    student = lived_in(StudentShape.parse("r2c8n2hp"))
    luma = textured_luma(64, 64)
    fit = np.zeros_like(luma)
    fit[:, 40:] = 255
    result = sharpen(student, luma, planes=PlatePlanes(luma[::-1].copy(), fit))
    np.testing.assert_array_equal(result[:, :40], luma[:, :40])
    assert (result[:, 40:] != luma[:, 40:]).any()
    np.testing.assert_array_equal(sharpen(student, luma), luma)


def test_the_graph_of_a_student_with_a_plate_ends_with_its_gate() -> None:
    student = lived_in(StudentShape.parse("r2c8n2hp"))
    kinds = Counter(node.op_type for node in onnx.load_from_string(to_onnx(student, {})).graph.node)
    expected = Counter(Conv=4, Relu=3, Add=1, Cast=1, Slice=1, Mul=1, QuantizeLinear=1, Transpose=2, Reshape=2, Shape=1)
    assert kinds == expected


@pytest.fixture(params=["r2c8n2h", "r2c16n3"])
def half(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Student, Engine, onnx.ModelProto]:
    student, file = lived_in(StudentShape.parse(request.param)), tmp_path / "half.onnx"
    file.write_bytes(to_onnx(student, {}, half=True))
    return student, Engine.open(file, provider="cpu", threads=1), onnx.load(file)


def test_half_precision_takes_hints_as_bytes_and_gives_the_same_picture(
    half: tuple[Student, Engine, onnx.ModelProto],
) -> None:
    student, engine, model = half
    inputs = {end.name: [side.dim_value for side in end.type.tensor_type.shape.dim] for end in model.graph.input}
    assert inputs["planes"][1] == student.shape.planes - student.shape.hinted
    assert inputs.get("hints", []) == ([0, 4, 1, 1] if student.shape.hinted else [])
    luma = textured_luma(48, 64)
    for hints in (UNCODED, Hints(30, 0.1, 1.5, 0.4), Hints(8, 0.05, 1, 0.2)):
        expected = sharpen(fold(student), luma, hints).astype(int)
        assert np.abs(engine.sharpen(luma, hints=hints) - expected).max() <= 1


def test_in_half_precision_the_last_sum_is_single(half: tuple[Student, Engine, onnx.ModelProto]) -> None:
    """In half precision, luma above 128 has steps of an eighth of a grey level."""
    _, _, model = half
    source = {output: node for node in model.graph.node for output in node.output}
    summed = source["corrected"]
    assert summed.op_type == "Add"
    assert source["sharpened"].input[0] == "corrected", "no cast between the sum and its rounding"
    casts = [source["grey_base"], source["correction"]] if "half_correction" in source else [source["grey_base"]]
    for cast in casts:
        assert cast.op_type == "Cast"
        assert next(one.i for one in cast.attribute if one.name == "to") == onnx.TensorProto.FLOAT
    assert source["grey_base"].input[0] in ("planes", "luma"), "luma is not rounded to half on the way"
    sizes = {"Gather", "Div", "Unsqueeze", "Squeeze"}
    assert not sizes & {node.op_type for node in model.graph.node}, "sums of sizes would run on the CPU"
