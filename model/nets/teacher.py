"""The teacher: a deep network with the student's grid and interface, for training and evaluation only.

Residual blocks without batch norm and without a ReLU after the sum, in the way of EDSR (Lim et al., 2017,
arXiv 1707.02921), between a stride-2 head and a pixel-shuffle tail.
"""

import re
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from acutance.model.nets.student import CORRECTION, hint_plane

_NAME = re.compile(r"teacher-c(\d+)b(\d+)(h?)")


@dataclass(frozen=True)
class TeacherShape:
    """The size of a teacher: `teacher-c{channels}b{blocks}`, and `h` if it takes hints."""

    channels: int
    blocks: int
    hinted: bool = False

    @property
    def name(self) -> str:
        """The name, for example `teacher-c48b6h`."""
        return f"teacher-c{self.channels}b{self.blocks}{'h' if self.hinted else ''}"

    @classmethod
    def parse(cls, name: str) -> "TeacherShape":
        """Read a name.

        Raises:
            ValueError: The name is not of the form `teacher-c48b6h`.
        """
        match = _NAME.fullmatch(name)
        if match is None:
            raise ValueError(f"{name!r} is not a teacher: teacher-c<channels>b<blocks>[h], such as teacher-c48b6h")
        return cls(int(match[1]), int(match[2]), bool(match[3]))


class Teacher(nn.Module):
    """Luma in, sharpened luma out, both float `[B, 1, H, W]` in 0..1 with H and W even; see `Student`."""

    def __init__(self, shape: TeacherShape) -> None:
        super().__init__()
        self.shape = shape
        c = shape.channels
        self.head = nn.Conv2d(2 if shape.hinted else 1, c, 4, stride=2, padding=1)
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
            self.head.weight -= self.head.weight.mean(dim=(2, 3), keepdim=True)
            self.head.weight[:, 1:] = 0
            for block in self.blocks:
                block[2].weight *= 0.1  # type: ignore[index]  # otherwise sums grow with depth
            nn.init.normal_(self.tail.weight, std=0.02)

    def forward(self, luma: Tensor, hints: Tensor | None = None) -> Tensor:
        """Sharpen `luma`, float `[B, 1, H, W]` in 0..1, H and W even; `hints` float `[B, 4]` in 0..1."""
        return self.corrected(luma, self.features(luma, hints))

    def features(self, luma: Tensor, hints: Tensor | None = None) -> Tensor:
        """Return the tail's input, float `[B, C, H / 2, W / 2]`; a teacher that takes hints must be given them."""
        if self.shape.hinted:
            assert hints is not None
            luma = torch.cat([luma, hint_plane(hints, luma)], dim=1)
        begun = x = torch.relu(self.head(luma))
        for block in self.blocks:
            x = x + block(x)
        return x + begun

    def corrected(self, luma: Tensor, features: Tensor) -> Tensor:
        """Return `luma` with the correction from `features`, float `[B, 1, H, W]`."""
        return luma + CORRECTION * nn.functional.pixel_shuffle(self.tail(features), 2)
