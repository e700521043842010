"""A student and the specialist of its size: each frame is sharpened by the one that was trained for it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from acutance.model.engine import catalog
from acutance.model.engine.engine import Engine, EngineError
from acutance.model.engine.specialists import open_student
from acutance.model.hints import Hints
from acutance.model.nets.export import to_onnx
from acutance.model.nets.shape import StudentShape
from tests.model.students import lived_in

LUMA = np.random.default_rng(3).integers(0, 256, (48, 64), np.uint8)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    general, enlarged = tmp_path / "mine.onnx", tmp_path / "mine-enlarged.onnx"
    student = lived_in(StudentShape(8, 1, hinted=True))
    general.write_bytes(to_onnx(student, {}))
    with torch.no_grad():
        student.tail.weight.neg_()
    enlarged.write_bytes(to_onnx(student, {}))
    return general, enlarged


@pytest.mark.parametrize(("reduction", "chosen"), [(1.0, 0), (1.05, 0), (1.2, 1), (2.0, 1)])
def test_a_frame_goes_to_the_student_for_its_reduction(files: tuple[Path, Path], reduction: float, chosen: int) -> None:
    both = open_student(files[0], "cpu", 1)
    known = Hints(step=30.0, bits=0.05, reduction=reduction)
    expected, other = (
        Engine.open(file, "cpu", 1).sharpen(LUMA, hints=known) for file in (files[chosen], files[1 - chosen])
    )
    assert not np.array_equal(expected, other)
    np.testing.assert_array_equal(both.sharpen(LUMA, hints=known), expected)
    untouched = both.sharpen(LUMA, np.empty_like(LUMA), known, 0.0)
    np.testing.assert_array_equal(untouched, LUMA)


def test_a_specialist_has_the_name_of_its_general_student(files: tuple[Path, Path]) -> None:
    both = open_student(files[0], "cpu", 1)
    assert (both.student.name, both.student.file, both.provider) == ("mine", files[0], "CPU")


def test_a_student_without_a_specialist_does_it_all(files: tuple[Path, Path]) -> None:
    files[1].unlink()
    alone, known = open_student(files[0], "cpu", 1), Hints(reduction=2.0)
    expected = Engine.open(files[0], "cpu", 1).sharpen(LUMA, hints=known)
    np.testing.assert_array_equal(alone.sharpen(LUMA, hints=known), expected)


def test_a_broken_specialist_is_named_at_the_start(files: tuple[Path, Path]) -> None:
    files[1].write_bytes(b"nothing")
    with pytest.raises(EngineError, match=r"mine-enlarged\.onnx does not load"):
        open_student(files[0], "cpu", 1)


@pytest.mark.parametrize("name", catalog.LADDER)
def test_every_student_for_calls_has_its_specialist_and_it_costs_the_same(name: str) -> None:
    general = catalog.find(name)
    enlarged = catalog.specialist(general)
    assert enlarged is not None
    assert (enlarged.name, enlarged.shape) == (f"{name}-enlarged", general.shape)
    assert enlarged.sha256 != general.sha256
