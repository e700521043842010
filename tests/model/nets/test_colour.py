"""A student with colour: it starts as the student without, and its graph computes what torch computes."""

import numpy as np
import onnxruntime as ort
import pytest
import torch

from acutance.model.hints import UNCODED, Hints, fill
from acutance.model.nets.export import HINTS, OUTPUT, PLANES, STRENGTH, to_onnx
from acutance.model.nets.reading import read_onnx
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student, fold, sharpen, with_colour
from acutance.model.planes import GREY, Chroma
from tests.model.students import lived_in

HINTS_OF_FRAME = Hints(step=20, bits=0.04)


@pytest.fixture(scope="module", params=["r2c16n3uv", "r2c8n6huv", "r2c16n1t1huv"])
def student(request: pytest.FixtureRequest) -> Student:
    return lived_in(StudentShape.parse(request.param))


def frame(height: int = 48, width: int = 66) -> tuple[np.ndarray, Chroma]:
    rng = np.random.default_rng(3)
    luma = rng.integers(0, 256, (height, width), np.uint8)
    return luma, Chroma(*rng.integers(0, 256, (2, height // 2, width // 2), np.uint8))


def run(student: Student, luma: np.ndarray, chroma: Chroma, strength: float, half: bool) -> list[np.ndarray]:
    session = ort.InferenceSession(to_onnx(student, {}, half=half), providers=["CPUExecutionProvider"])
    planes = [luma]
    feeds = {STRENGTH: np.full((1, 1, 1, 1), strength, np.float32)}
    if student.shape.hinted and half:
        feeds[HINTS] = np.array(HINTS_OF_FRAME.codes, np.uint8).reshape(1, 4, 1, 1)
    elif student.shape.hinted:
        fill(plane := np.empty_like(luma), HINTS_OF_FRAME)
        planes.append(plane)
    planes.append(np.stack([chroma.u, chroma.v], axis=-1).reshape(chroma.u.shape[0], -1).repeat(2, axis=0))
    ((rows,),) = session.run([OUTPUT], feeds | {PLANES: np.stack(planes)[None]})
    return [rows[:, :2].reshape(luma.shape), rows[:, 2, ::2], rows[:, 2, 1::2]]


@pytest.mark.parametrize("half", [False, True])
def test_the_graph_agrees_with_torch_within_a_grey_level(student: Student, half: bool) -> None:
    luma, chroma = frame()
    results = run(student, luma, chroma, 1.0, half)
    corrected = chroma.copy()
    wanted = [sharpen(fold(student), luma, HINTS_OF_FRAME, chroma=corrected), corrected.u, corrected.v]
    for ours, theirs in zip(results, wanted, strict=True):
        assert np.abs(ours.astype(int) - theirs).max() <= 1
    assert not np.array_equal(corrected.u, chroma.u)


def test_strength_zero_changes_no_plane(student: Student) -> None:
    luma, chroma = frame()
    for result, plane in zip(run(student, luma, chroma, 0.0, False), (luma, chroma.u, chroma.v), strict=True):
        np.testing.assert_array_equal(result, plane)


def test_colour_has_a_part_in_luma_and_a_frame_without_it_is_grey(student: Student) -> None:
    luma, chroma = frame()
    grey = Chroma(*(np.full_like(plane, GREY) for plane in (chroma.u, chroma.v)))
    np.testing.assert_array_equal(sharpen(student, luma, UNCODED), sharpen(student, luma, UNCODED, chroma=grey))
    assert not np.array_equal(sharpen(student, luma, UNCODED), sharpen(student, luma, UNCODED, chroma=chroma))


@pytest.mark.parametrize("batch_norm", [False, True])
def test_it_starts_as_the_student_without_colour(batch_norm: bool) -> None:
    plain = lived_in(StudentShape(8, 2, hinted=True))
    plain = plain if batch_norm else fold(plain)
    coloured = with_colour(plain).eval()
    luma, chroma = frame()
    before = chroma.copy()
    np.testing.assert_array_equal(sharpen(coloured, luma, chroma=chroma), sharpen(plain, luma))
    np.testing.assert_array_equal(chroma.u, before.u)
    assert coloured.shape == StudentShape(8, 2, hinted=True, colour=True)


def test_all_new_weights_have_a_gradient_after_the_first_step() -> None:
    torch.manual_seed(0)
    student = with_colour(Student(StudentShape(8, 2), batch_norm=False)).train()
    luma, chroma, truth = torch.rand(2, 1, 16, 16), torch.rand(2, 2, 8, 8), torch.rand(2, 2, 8, 8)
    for _ in range(2):
        features = student.features(luma, None, None, chroma)
        loss = (student.corrected_chroma(chroma, features) - truth).square().sum()
        student.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        with torch.no_grad():
            for weight in student.parameters():
                weight -= 0 if weight.grad is None else 1e-2 * weight.grad
    assert student.chroma_tail is not None
    assert isinstance(student.head, torch.nn.Conv2d)
    assert student.head.weight.grad is not None
    assert bool((student.head.weight.grad[:, -1] != 0).any())
    for weight in (student.chroma_tail.weight, student.chroma_tail.bias):
        assert weight is not None
        assert weight.grad is not None
        assert bool((weight.grad != 0).any())


def test_padding_reaches_no_further_into_chroma_than_the_border_says() -> None:
    student = fold(lived_in(StudentShape(8, 2, colour=True)))
    luma, chroma = torch.rand(1, 1, 64, 64), torch.rand(1, 2, 32, 32)
    cut, border = 16, student.shape.border // 2
    whole = student.corrected_chroma(chroma, student.features(luma, None, None, chroma))
    part = chroma[..., cut:, cut:]
    inner = student.corrected_chroma(part, student.features(luma[..., 2 * cut :, 2 * cut :], None, None, part))
    torch.testing.assert_close(inner[..., border:, border:], whole[..., cut + border :, cut + border :])


def test_an_exported_student_is_read_back(student: Student) -> None:
    again, luma = read_onnx(to_onnx(student, {})), frame()[0]
    results = []
    for one in (again, fold(student)):
        chroma = frame()[1]
        results.append((sharpen(one, luma, HINTS_OF_FRAME, chroma=chroma), chroma.u, chroma.v))
    for ours, theirs in zip(*results, strict=True):
        assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_the_shape_counts_what_colour_adds(student: Student) -> None:
    shape = student.shape
    plain = StudentShape(shape.channels, shape.depth, shape.hinted, shape.tail)
    assert StudentShape.parse(shape.name) == shape
    assert shape.parameters == sum(weight.numel() for weight in fold(student).parameters())
    assert 1 < shape.macs_per_pixel / plain.macs_per_pixel < 1.2
    assert shape.bytes_per_pixel() > plain.bytes_per_pixel()
    with pytest.raises(ValueError, match="a plate is luma"):
        StudentShape(8, 2, plate=True, colour=True)


def test_a_file_without_colour_takes_and_returns_luma_alone() -> None:
    session = ort.InferenceSession(to_onnx(lived_in(StudentShape(8, 1)), {}), providers=["CPUExecutionProvider"])
    assert session.get_inputs()[0].shape[1] == 1
    assert session.get_outputs()[0].shape[1] == 1
