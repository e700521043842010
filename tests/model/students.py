"""Students for tests."""

import torch

from acutance.model.nets.shape import StudentShape
from acutance.model.nets.student import Student


def lived_in(shape: StudentShape, seed: int = 0) -> Student:
    """A student as after training: its statistics, tail and hint weights are far from their initial values."""
    torch.manual_seed(seed)
    student = Student(shape)
    with torch.no_grad():
        for module in student.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.running_mean.uniform_(-0.3, 0.3)
                module.running_var.uniform_(0.2, 2)
                module.weight.uniform_(0.5, 1.5)
                module.bias.uniform_(-0.5, 0.5)
        student.tail.weight.normal_(std=0.3)
        head = student.head[0]
        assert isinstance(head, torch.nn.Conv2d)
        head.weight[:, 1:].normal_(std=0.1)
        if student.chroma_tail is not None:
            student.chroma_tail.weight.normal_(std=0.3)
    return student.eval()
