import pytest
import torch
from torch import Tensor, nn

from acutance.model.engine import catalog
from acutance.model.nets.reading import read_onnx
from acutance.training.adaptation.guard import Guard

pytestmark = pytest.mark.training


class Copy(nn.Module):
    """Shows the plate wherever it is offered."""

    def __init__(self) -> None:
        super().__init__()
        self.device = nn.Parameter(torch.zeros(1))

    def forward(self, luma: Tensor, hints: Tensor, plate: Tensor | None = None) -> Tensor:
        return luma if plate is None else plate[:, :1]


def test_the_shipped_student_shows_nothing_old_and_a_copy_of_the_plate_does() -> None:
    guard = Guard(("shrunk2-vp8-0.0125",))
    assert guard.old(read_onnx(catalog.find(catalog.MEMORY).file)) == 0
    assert guard.old(Copy()) > 0
