"""Common parts of students and teachers: input planes, a stride-2 head, and a correction by pixel shuffle."""

import numpy as np
import torch
from torch import Tensor, nn

from acutance.model.hints import COUNT, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.nets.shape import StudentShape, TeacherShape

CORRECTION = 1 / 16
"""Correction of luma in 0..1 for a tail output of 1.

Corrections are about 0.02. Without this factor every step of Adam (2e-3 on each of 144 weights) would change the tail's
output by more than that.
"""
GATE = 0.5
"""Gate of a plate for a tail output of 0: at first, half of the plate is taken."""
COVERED = 8.0
"""Factor of the fit: from 1/8 on, the gate alone decides. Below, a seam would be visible where the fit ends."""


def hint_plane(hints: Tensor, like: Tensor) -> Tensor:
    """Return hints, float `[B, 4]` in 0..1, as a plane of the size of `like`, float `[B, 1, H, W]`: see `fill`."""
    cells = hints.view(-1, 1, 2, COUNT // 2)
    return cells.repeat(1, 1, like.shape[2] // 2, like.shape[3] // 2)


def as_codes(hints: Hints) -> Tensor:
    """Return hints as the input of a network, float `[1, 4]` in 0..1."""
    return torch.tensor([hints.codes], dtype=torch.float32) / 255


def as_tensor(planes: PlatePlanes) -> Tensor:
    """Return the planes of a plate as the input of a network, float `[1, 2, H, W]` in 0..1."""
    return torch.from_numpy(np.stack([planes.plate, planes.fit]))[None].float() / 255


class HalfGridNetwork(nn.Module):
    """Luma in, sharpened luma out, both float `[B, 1, H, W]` in 0..1 with H and W even.

    A network that takes a plate also gets `plate`, float `[B, 2, H, W]` in 0..1: the planes of
    `acutance.model.memory.plate_planes.PlatePlanes`, or None for frames without a plate.

    The output is not clipped, because a loss needs its gradient beyond black and white. The exported graph clips.

    Attributes:
        shape: The size of the network, and whether it takes hints.
        tail: The last convolution, with four outputs: one for each pixel of a 2x2 cell; eight with a plate.
    """

    shape: StudentShape | TeacherShape
    tail: nn.Conv2d

    def forward(self, luma: Tensor, hints: Tensor | None = None, plate: Tensor | None = None) -> Tensor:
        """Sharpen `luma`, float `[B, 1, H, W]` in 0..1, H and W even; `hints` float `[B, 4]` in 0..1."""
        return self.corrected(luma, self.features(luma, hints, plate), plate)

    def features(self, luma: Tensor, hints: Tensor | None = None, plate: Tensor | None = None) -> Tensor:
        """Return the tail's input, float `[B, C, H / 2, W / 2]`; a network that takes hints must be given them."""
        raise NotImplementedError

    def corrected(self, luma: Tensor, features: Tensor, plate: Tensor | None = None) -> Tensor:
        """Return `luma` with the correction from `features`, float `[B, 1, H, W]`.

        A network that takes a plate gives two values for each pixel: a correction c and a gate g. With p the plate, its
        fit f, and l the luma, the output is l + min(8 f, 1) (c + g (p - l)), g clipped to 0..1. So nothing changes
        where nothing is remembered, and the network decides for each pixel how much of the plate it takes.
        """
        values = self.tail(features)
        correction = CORRECTION * nn.functional.pixel_shuffle(values[:, :4], 2)
        if values.shape[1] == 4:
            return luma + correction
        if plate is None:
            return luma
        remembered, fit = plate[:, :1], plate[:, 1:]
        gate = torch.clamp(GATE + nn.functional.pixel_shuffle(values[:, 4:], 2), 0, 1)
        return luma + torch.clamp(COVERED * fit, max=1) * (correction + gate * (remembered - luma))

    def _planes(self, luma: Tensor, hints: Tensor | None, plate: Tensor | None = None) -> Tensor:
        """Return the head's input, float `[B, P, H, W]`: luma, the plane of hints, and the planes of the plate."""
        planes = [luma]
        if self.shape.hinted:
            assert hints is not None
            planes.append(hint_plane(hints, luma))
        if self.shape.planes - len(planes):
            planes += [luma, torch.zeros_like(luma)] if plate is None else [plate]
        return torch.cat(planes, dim=1)

    @torch.no_grad()
    def _start_near_identity(self, head: nn.Conv2d) -> None:
        """Initialise the weights of head and tail.

        The head is independent of brightness at first, because luma varies ten times more than the detail in
        corrections, and batch norm would scale every feature to it. It is also independent of hints and of the fit of a
        plate, which are learned last. The tail is near zero, but not zero: with a tail of zeros the body has no
        gradient in the first step.
        """
        head.weight -= head.weight.mean(dim=(2, 3), keepdim=True)
        plate = 1 + self.shape.hinted
        head.weight[:, 1:plate] = 0
        head.weight[:, plate + 1 :] = 0
        nn.init.normal_(self.tail.weight, std=0.02)
        assert self.tail.bias is not None
        nn.init.zeros_(self.tail.bias)
