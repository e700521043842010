import pytest
import torch

from acutance.model.nets.shape import TeacherShape
from acutance.model.nets.teacher import Teacher


@pytest.mark.parametrize("name", ["teacher-c48b6", "teacher-c8b1h"])
def test_a_teachers_name_says_its_size(name: str) -> None:
    assert TeacherShape.parse(name).name == name


@pytest.mark.parametrize("name", ["teacher", "r2c16n3", "teacher-c8"])
def test_other_names_are_refused_in_words(name: str) -> None:
    with pytest.raises(ValueError, match="is not a teacher"):
        TeacherShape.parse(name)


def test_a_fresh_teacher_starts_near_the_identity_and_every_weight_can_learn() -> None:
    torch.manual_seed(0)
    teacher = Teacher(TeacherShape(16, 4, hinted=True))
    luma = torch.rand(2, 1, 32, 48)
    output = teacher(luma, torch.rand(2, 4))
    assert output.shape == luma.shape
    assert (output - luma).abs().mean() < 0.05
    (output - torch.rand_like(luma)).square().mean().backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in teacher.parameters())


def test_features_lie_on_the_students_grid_and_make_the_output() -> None:
    teacher = Teacher(TeacherShape(8, 2)).eval()
    luma = torch.rand(1, 1, 20, 24)
    with torch.no_grad():
        features = teacher.features(luma)
        assert features.shape == (1, 8, 10, 12)
        torch.testing.assert_close(teacher.corrected(luma, features), teacher(luma))


def test_a_privileged_teacher_sees_the_frames_around_and_takes_a_frame_alone_for_still() -> None:
    shape = TeacherShape(8, 1, hinted=True, neighbours=2)
    assert shape.name == "teacher-c8b1hn2"
    assert TeacherShape.parse(shape.name) == shape
    torch.manual_seed(0)
    teacher = Teacher(shape).eval()
    luma, hints = torch.rand(2, 1, 16, 16), torch.rand(2, 4)
    around = torch.rand(2, 4, 16, 16)
    with torch.no_grad():
        alone, seen = teacher(luma, hints), teacher(luma, hints, around=around)
        still = teacher(luma, hints, around=luma.expand(-1, 4, -1, -1))
    assert not torch.allclose(alone, seen)
    torch.testing.assert_close(alone, still)
