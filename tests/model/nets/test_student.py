"""The student's network: its names, its initial weights, and the folding of batch norm."""

import numpy as np
import pytest
import torch

from acutance.model.memory.plate_planes import PlatePlanes, no_plate
from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student, convolutions, fold, sharpen
from tests.model.students import lived_in


@pytest.mark.parametrize("name", ["r2c8n1", "r2c16n3h", "r2c24n4", "r2c8n5h", "r2c16n1t1", "r2c16n2t1h"])
def test_the_shape_counts_what_the_network_has(name: str) -> None:
    shape = StudentShape.parse(name)
    folded = Student(shape, batch_norm=False)
    assert shape.name == name
    assert shape.parameters == sum(p.numel() for p in folded.parameters())


@pytest.mark.parametrize("tail", [1, 3])
def test_work_for_a_pixel_is_that_of_the_convolutions(tail: int) -> None:
    shape = StudentShape(16, 3, hinted=True, tail=tail)
    folded = Student(shape, batch_norm=False)
    counted: list[int] = []
    for module in folded.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(lambda m, _, out: counted.append(out[0, 0].numel() * m.weight.numel()))
    folded(torch.zeros(1, 1, 64, 32), torch.zeros(1, 4))
    assert shape.macs_per_pixel == sum(counted) / (64 * 32)


@pytest.mark.parametrize("name", ["r4c16n3", "r2c16", "r2cXnY", "r2c0n3", "r2c16n2t2", ""])
def test_a_name_outside_the_family_is_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match="student"):
        StudentShape.parse(name)


@pytest.mark.parametrize("depth", [1, 3])
def test_folding_the_norm_changes_nothing(depth: int) -> None:
    student = lived_in(StudentShape(16, depth))
    luma = torch.rand(2, 1, 34, 50)
    with torch.no_grad():
        before, after = student(luma), fold(student)(luma)
        assert (before - luma).abs().max() > 0.01
        torch.testing.assert_close(after, before, atol=1e-5, rtol=0)


@pytest.mark.parametrize(("depth", "blocks"), [(1, (1,)), (3, (3,)), (4, (2, 2)), (5, (2, 3)), (7, (2, 2, 3))])
def test_residual_blocks_have_two_convolutions_and_the_last_takes_an_odd_one(
    depth: int, blocks: tuple[int, ...]
) -> None:
    assert StudentShape(8, depth).blocks == blocks
    assert sum(blocks) == depth


def test_folding_does_not_change_the_student_itself() -> None:
    student = lived_in(StudentShape(8, 2))
    before = {name: tensor.clone() for name, tensor in student.state_dict().items()}
    fold(student)
    assert all(torch.equal(before[name], tensor) for name, tensor in student.state_dict().items())


def test_the_convolutions_carry_the_whole_correction() -> None:
    student = lived_in(StudentShape(8, 1))
    head, body, tail = ((torch.from_numpy(c.weight), torch.from_numpy(c.bias)) for c in convolutions(student))
    luma = torch.rand(1, 1, 20, 24)
    features = torch.relu(torch.conv2d(luma, *head, stride=2, padding=1))
    x = torch.relu(torch.conv2d(features, *body, padding=1) + features)
    expected = luma + torch.pixel_shuffle(torch.conv2d(x, *tail, padding=1), 2)
    with torch.no_grad():
        torch.testing.assert_close(student(luma), expected, atol=1e-5, rtol=0)


def test_a_fresh_student_starts_near_the_identity_and_can_learn() -> None:
    torch.manual_seed(1)
    student = Student(StudentShape(16, 3))
    luma = torch.rand(4, 1, 32, 32)
    output = student(luma)
    assert (output - luma).abs().mean() < 0.02
    (output - torch.rand_like(luma)).square().mean().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in student.parameters())


def test_sharpen_returns_integer_grey_levels_of_the_same_size() -> None:
    luma = np.random.default_rng(0).integers(0, 256, (18, 34), np.uint8)
    sharpened = sharpen(lived_in(StudentShape(8, 1)), luma)
    assert sharpened.dtype == np.uint8
    assert sharpened.shape == luma.shape
    assert (sharpened != luma).any()


def test_a_frame_without_a_plate_is_its_own_plate_with_no_fit() -> None:
    student = lived_in(StudentShape.parse("r2c8n2hp"))
    luma = np.random.default_rng(0).integers(0, 256, (16, 32), np.uint8)
    np.testing.assert_array_equal(sharpen(student, luma), sharpen(student, luma, planes=no_plate(luma)))
    other = PlatePlanes(luma[::-1].copy(), np.full_like(luma, 255))
    assert not np.array_equal(sharpen(student, luma, planes=other), sharpen(student, luma))
