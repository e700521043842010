"""Common parts of students and teachers: input planes, a stride-2 head, and a correction by pixel shuffle."""

import numpy as np
import torch
from torch import Tensor, nn

from acutance.model.hints import COUNT, Hints
from acutance.model.memory.plate_planes import COVERED, NOT_TAKEN, PlatePlanes
from acutance.model.nets.shape import StudentShape, TeacherShape
from acutance.model.planes import GREY, Chroma

CORRECTION = 1 / 16
"""Correction of luma in 0..1 for a tail output of 1.

Corrections are about 0.02. Without this factor every step of Adam (2e-3 on each of 144 weights) would change the tail's
output by more than that.
"""
GATE = 0.5
"""Gate of a plate for a tail output of 0: at first, half of the plate is taken."""
REDUCED = 2
"""A student that takes a plate sees frame and plate reduced by this factor: see `reduced`."""


def as_chroma(chroma: Chroma) -> Tensor:
    """Return chroma as the input of a network, float `[1, 2, H, W]` in 0..1."""
    return torch.from_numpy(np.stack([chroma.u, chroma.v]))[None].float() / 255


def hint_plane(hints: Tensor, like: Tensor) -> Tensor:
    """Return hints, float `[B, 4]` in 0..1, as a plane of the size of `like`, float `[B, 1, H, W]`: see `fill`."""
    cells = hints.view(-1, 1, 2, COUNT // 2)
    return cells.repeat(1, 1, like.shape[2] // 2, like.shape[3] // 2)


def chroma_plane(chroma: Tensor) -> Tensor:
    """Return U and V, `[B, 2, H, W]`, as one plane `[B, 1, 2 H, 2 W]`: side by side, each row twice.

    The head, which has stride 2, sees both at the place of its cell.
    """
    rows = torch.stack([chroma[:, 0], chroma[:, 1]], dim=-1).flatten(2)
    return rows[:, None].repeat_interleave(2, dim=2)


def as_codes(hints: Hints) -> Tensor:
    """Return hints as the input of a network, float `[1, 4]` in 0..1."""
    return torch.tensor([hints.codes], dtype=torch.float32) / 255


def as_tensor(planes: PlatePlanes) -> Tensor:
    """Return the planes of a plate as the input of a network, float `[1, 2, H, W]` in 0..1."""
    return torch.from_numpy(np.stack([planes.plate, planes.fit]))[None].float() / 255


def reduced(luma: Tensor, plate: Tensor) -> list[Tensor]:
    """Return what a student sees of a frame and its plate, both float `[B, 1, H, W]` in 0..1, H and W even.

    Returns:
        The frame, the plate and the absolute difference of the two, each float `[B, 1, H / 2, W / 2]`: means of 2x2
        pixels, rounded to grey levels, halves up. The difference also shows what only full size has.
    """
    means = (nn.functional.avg_pool2d(one, REDUCED) for one in (luma, plate, (plate - luma).abs()))
    # Means of four grey levels are multiples of 1/4: 5/8 rounds halves up whatever the error of single precision is.
    return [torch.floor(255 * mean + 0.625) / 255 for mean in means]


class HalfGridNetwork(nn.Module):
    """Luma in, sharpened luma out, both float `[B, 1, H, W]` in 0..1 with H and W even.

    A network that takes a plate also gets `plate`, float `[B, 2, H, W]` in 0..1, H and W multiples of 4: the planes of
    `acutance.model.memory.plate_planes.PlatePlanes`, or None for frames without a plate.

    A network with colour also gets `chroma`, U and V, float `[B, 2, H / 2, W / 2]` in 0..1, or None for grey frames.

    The output is not clipped, because a loss needs its gradient beyond black and white. The exported graph clips.

    Attributes:
        shape: The size of the network, and whether it takes hints.
        tail: The last convolution, with four outputs: one for each pixel of a 2x2 cell.
    """

    shape: StudentShape | TeacherShape
    tail: nn.Conv2d

    def forward(
        self, luma: Tensor, hints: Tensor | None = None, plate: Tensor | None = None, chroma: Tensor | None = None
    ) -> Tensor:
        """Sharpen `luma`, float `[B, 1, H, W]` in 0..1, H and W even; `hints` float `[B, 4]` in 0..1."""
        return self.corrected(luma, self.features(luma, hints, plate, chroma), plate)

    def features(
        self, luma: Tensor, hints: Tensor | None = None, plate: Tensor | None = None, chroma: Tensor | None = None
    ) -> Tensor:
        """Return the tail's input, float `[B, C, H / 2, W / 2]`; a network that takes hints must be given them.

        With a plate, it is `[B, C, H / 4, W / 4]`.
        """
        raise NotImplementedError

    def corrected(self, luma: Tensor, features: Tensor, plate: Tensor | None = None) -> Tensor:
        """Return `luma` with the correction from `features`, float `[B, 1, H, W]`.

        A network that takes a plate gives a gate g, clipped to 0..1, for each 2x2 pixels; it is enlarged bilinearly.
        With p the plate, s the share that its fit allows, see `acutance.model.memory.plate_planes`, and l the luma,
        the output is l + s g (p - l). So nothing changes where nothing is remembered, and the network decides
        everywhere how much of the plate it takes.
        """
        values = nn.functional.pixel_shuffle(self.tail(features), 2)
        if not _remembers(self.shape):
            return luma + CORRECTION * values
        if plate is None:
            return luma
        remembered, fit = plate[:, :1], plate[:, 1:]
        gate = torch.clamp(GATE + values, 0, 1)
        gate = nn.functional.interpolate(gate, scale_factor=REDUCED, mode="bilinear", align_corners=False)
        share = torch.clamp((fit - NOT_TAKEN) / (COVERED - NOT_TAKEN), 0, 1)
        return luma + share * gate * (remembered - luma)

    def _planes(
        self, luma: Tensor, hints: Tensor | None, plate: Tensor | None = None, chroma: Tensor | None = None
    ) -> Tensor:
        """Return the head's input, float `[B, P, H, W]`: luma, the plane of hints, those of the plate, that of chroma.

        With a plate, they are `[B, P, H / 2, W / 2]`: see `reduced`.
        """
        planes = [luma] if not _remembers(self.shape) else reduced(luma, luma if plate is None else plate[:, :1])
        if self.shape.hinted:
            assert hints is not None
            planes.insert(1, hint_plane(hints, planes[0]))
        if isinstance(self.shape, StudentShape) and self.shape.colour:
            planes.append(torch.full_like(luma, GREY / 255) if chroma is None else chroma_plane(chroma))
        return torch.cat(planes, dim=1)

    @torch.no_grad()
    def _start_near_identity(self, head: nn.Conv2d) -> None:
        """Initialise the weights of head and tail.

        The head is independent of brightness at first, because luma varies ten times more than the detail in
        corrections, and batch norm would scale every feature to it. It is also independent of hints, which are learned
        last. The tail is near zero, but not zero: with a tail of zeros the body has no
        gradient in the first step.
        """
        head.weight -= head.weight.mean(dim=(2, 3), keepdim=True)
        head.weight[:, 1 : 1 + self.shape.hinted] = 0
        nn.init.normal_(self.tail.weight, std=0.02)
        assert self.tail.bias is not None
        nn.init.zeros_(self.tail.bias)


def _remembers(shape: StudentShape | TeacherShape) -> bool:
    return isinstance(shape, StudentShape) and shape.plate
