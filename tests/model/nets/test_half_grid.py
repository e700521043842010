"""Common parts of students and teachers."""

import pytest
import torch

from acutance.model.nets.half_grid import HalfGridNetwork
from acutance.model.nets.shape import StudentShape, TeacherShape
from acutance.model.nets.student import Student
from acutance.model.nets.teacher import Teacher

NETWORKS = [
    lambda: Student(StudentShape(8, 1, tail=1), batch_norm=False),
    lambda: Student(StudentShape(8, 2, hinted=True), batch_norm=False),
    lambda: Student(StudentShape(8, 5, hinted=True), batch_norm=True),
    lambda: Teacher(TeacherShape(8, 1, hinted=True)),
    lambda: Teacher(TeacherShape(8, 2)),
]


@pytest.mark.parametrize("make", NETWORKS)
def test_the_border_is_as_wide_as_the_padding_reaches(make: type[HalfGridNetwork]) -> None:
    torch.manual_seed(0)
    network = make().double().eval()
    torch.nn.init.normal_(network.tail.weight)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.normal_(module.weight, 0.1, 0.1)  # mostly positive: no ReLU is dead
    frame = torch.rand(1, 1, 96, 96, dtype=torch.float64)
    hints = torch.rand(1, 4, dtype=torch.float64)
    cut, border = 16, network.shape.border
    with torch.no_grad():
        whole = network(frame, hints)[..., cut:-cut, cut:-cut]
        crop = network(frame[..., cut:-cut, cut:-cut], hints)
    inside = slice(border, -border)
    torch.testing.assert_close(crop[..., inside, inside], whole[..., inside, inside], rtol=0, atol=1e-12)
    wider = slice(border - 2, 2 - border or None)
    assert (crop - whole)[..., wider, wider].abs().max() > 1e-9
