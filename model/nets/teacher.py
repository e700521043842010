"""The teacher: a deep network with the student's grid and interface, for training and evaluation only.

Residual blocks without batch norm and without a ReLU after the sum, as in EDSR (Lim et al., 2017,
arXiv 1707.02921), between a stride-2 head and a pixel-shuffle tail.
"""

import torch
from torch import Tensor, nn

from acutance.model.nets.half_grid import HalfGridNetwork
from acutance.model.nets.shape import TeacherShape


class Teacher(HalfGridNetwork):
    """A deep residual network; see `HalfGridNetwork` for its input and output."""

    shape: TeacherShape

    def __init__(self, shape: TeacherShape) -> None:
        super().__init__()
        self.shape = shape
        c = shape.channels
        self.head = nn.Conv2d(shape.planes, c, 4, stride=2, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Conv2d(c, c, 3, padding=1), nn.ReLU(), nn.Conv2d(c, c, 3, padding=1))
            for _ in range(shape.blocks)
        )
        self.tail = nn.Conv2d(c, 4, 3, padding=1)
        with torch.no_grad():
            for module in self.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                    assert module.bias is not None
                    nn.init.zeros_(module.bias)
            for block in self.blocks:
                block[2].weight *= 0.1  # type: ignore[index]  # else the sums grow with depth
        self._start_near_identity(self.head)

    def forward(
        self,
        luma: Tensor,
        hints: Tensor | None = None,
        plate: Tensor | None = None,
        chroma: Tensor | None = None,
        around: Tensor | None = None,
    ) -> Tensor:
        """Sharpen `luma`, see `HalfGridNetwork.forward`; for `around` see `features`."""
        return self.corrected(luma, self.features(luma, hints, plate, chroma, around))

    def features(
        self,
        luma: Tensor,
        hints: Tensor | None = None,
        plate: Tensor | None = None,
        chroma: Tensor | None = None,
        around: Tensor | None = None,
    ) -> Tensor:
        """Return the tail's input, float `[B, C, H / 2, W / 2]`; a teacher ignores `plate` and `chroma`.

        `around` are the decoded frames before and after, in the order of time, float `[B, 2 n, H, W]` in 0..1, for a
        privileged teacher. Without them, it takes the frame itself for each: nothing moves.
        """
        planes = self._planes(luma, hints)
        if self.shape.neighbours:
            still = luma.expand(-1, 2 * self.shape.neighbours, -1, -1)
            planes = torch.cat([planes, still if around is None else around], dim=1)
        shallow = x = torch.relu(self.head(planes))
        for block in self.blocks:
            x = x + block(x)
        return x + shallow
