"""The student: a small convolutional network on the half grid that sharpens luma.

A stride-2 head reduces the frame to the half grid, a few residual blocks of 3x3 convolutions work there, and a
pixel-shuffle tail returns a correction of full size, which is added to the input. At equal work the half grid is far
better than the quarter grid, and a stride-2 head is cheaper than a pixel unshuffle (both measured).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from acutance.model.hints import UNCODED, Hints
from acutance.model.memory.plate_planes import PlatePlanes
from acutance.model.nets.half_grid import CORRECTION, GATE, HalfGridNetwork, as_chroma, as_codes, as_tensor
from acutance.model.nets.shape import CHROMA, OUTPUTS, StudentShape
from acutance.model.planes import Chroma


class Student(HalfGridNetwork):
    """A few 3x3 convolutions in residual blocks; see `HalfGridNetwork` for its input and output.

    Args:
        shape: Channels, depth, tail, and whether it takes hints, a plate and chroma.
        batch_norm: Whether head and body have batch norm; `fold` returns the same network without it.
    """

    shape: StudentShape

    def __init__(self, shape: StudentShape, *, batch_norm: bool = True) -> None:
        super().__init__()
        self.shape = shape
        c = shape.channels
        self.head = _convolution(shape.planes, c, kernel=4, stride=2, batch_norm=batch_norm)
        self.body = nn.ModuleList(_convolution(c, c, batch_norm=batch_norm) for _ in range(shape.depth))
        self.tail = nn.Conv2d(c, OUTPUTS, shape.tail, padding=shape.tail // 2)
        self._start_near_identity(_inner(self.head))
        self.chroma_tail: nn.Conv2d | None = None
        if shape.colour:
            # At first it computes what the student without colour computes.
            self.chroma_tail = nn.Conv2d(c, CHROMA, shape.tail, padding=shape.tail // 2)
            nn.init.zeros_(self.chroma_tail.weight)
            nn.init.zeros_(_bias(self.chroma_tail))
            with torch.no_grad():
                _inner(self.head).weight[:, -1] = 0

    def features(
        self, luma: Tensor, hints: Tensor | None = None, plate: Tensor | None = None, chroma: Tensor | None = None
    ) -> Tensor:
        """Return the tail's input, float `[B, C, H / 2, W / 2]`; a student that takes hints must be given them."""
        x = torch.relu(self.head(self._planes(luma, hints, plate, chroma)))
        convolutions = iter(self.body)
        for length in self.shape.blocks:
            residual = x
            for _ in range(length - 1):
                x = torch.relu(next(convolutions)(x))
            # The residual joins before the ReLU: ONNX Runtime fuses convolution, sum and ReLU into one pass.
            x = torch.relu(next(convolutions)(x) + residual)
        return x

    def corrected_chroma(self, chroma: Tensor, features: Tensor) -> Tensor:
        """Return `chroma`, float `[B, 2, H / 2, W / 2]`, with the correction from `features`; needs colour."""
        assert self.chroma_tail is not None
        corrected: Tensor = chroma + CORRECTION * self.chroma_tail(features)
        return corrected


def fold(student: Student) -> Student:
    """Return an equivalent student without batch norm, in evaluation mode; `student` itself is not changed.

    The running statistics are folded: the result computes the same as `student.eval()`.
    """
    folded = Student(student.shape, batch_norm=False)
    pairs = [(student.head, folded.head), *zip(student.body, folded.body, strict=True)]
    with torch.no_grad():
        for source, target in pairs:
            weight, bias = _folded(source)
            _inner(target).weight.copy_(weight)
            _bias(_inner(target)).copy_(bias)
        folded.tail.load_state_dict(student.tail.state_dict())
        if folded.chroma_tail is not None and student.chroma_tail is not None:
            folded.chroma_tail.load_state_dict(student.chroma_tail.state_dict())
    return folded.eval()


def with_colour(student: Student) -> Student:
    """Return a student with colour that computes the same for luma, and changes no chroma; for training from there."""
    coloured = Student(replace(student.shape, colour=True), batch_norm=isinstance(student.head, nn.Sequential))
    weights = student.state_dict()
    name = next(name for name in weights if name.startswith("head.") and weights[name].dim() == 4)
    weights[name] = nn.functional.pad(weights[name], (0, 0, 0, 0, 0, 1))
    coloured.load_state_dict(weights, strict=False)
    return coloured.train(student.training)


def sharpen(
    network: nn.Module,
    luma: NDArray[np.uint8 | np.float32],
    hints: Hints = UNCODED,
    planes: PlatePlanes | None = None,
    chroma: Chroma | None = None,
    around: Sequence[NDArray[np.uint8]] = (),
) -> NDArray[np.uint8]:
    """Sharpen one plane with a student or a teacher in torch.

    Args:
        network: The network, in evaluation mode, on any device.
        luma: `[H, W]` in grey levels, rounded or not, H and W even.
        hints: Hints of the frame.
        planes: The planes of a plate, for a student that takes one; None for a frame without a plate.
        chroma: The chroma of the frame, corrected in place by a student with colour; None for a grey frame.
        around: Decoded luma of as many frames before as after, in the order of time, for a privileged teacher.

    Returns:
        uint8 `[H, W]`, rounded to nearest (halves to even) and clipped, as in the exported graph.
    """
    device = next(network.parameters()).device
    with torch.inference_mode():
        frame = torch.from_numpy(luma).to(device)[None, None].float() / 255
        codes = as_codes(hints).to(device)
        if chroma is not None and isinstance(network, Student) and network.shape.colour:
            colours = as_chroma(chroma).to(device)
            features = network.features(frame, codes, None, colours)
            output = network.corrected(frame, features)
            chroma.u[:], chroma.v[:] = _as_bytes(network.corrected_chroma(colours, features)[0])
        elif around:
            neighbours = torch.from_numpy(np.stack(around)).to(device)[None].float() / 255
            output = network(frame, codes, around=neighbours)
        else:
            # Foreign networks take no plate.
            output = network(frame, codes, *([] if planes is None else [as_tensor(planes).to(device)]))
    return _as_bytes(output[0, 0])


def _as_bytes(planes: Tensor) -> NDArray[np.uint8]:
    values: NDArray[np.uint8] = (planes.float() * 255).round().clamp(0, 255).to(torch.uint8).cpu().numpy()
    return values


@dataclass(frozen=True)
class Convolution:
    """The weights of one convolution: weight float32 `[out, in, k, k]`, bias float32 `[out]`."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]


def convolutions(student: Student) -> list[Convolution]:
    """Return the folded convolutions of a student, head first and tail last, for luma of 0..1.

    The tail's output is the correction itself: its weights include `CORRECTION`. With colour, its last two outputs are
    those of U and V. For a student that takes a plate, it
    is the gate, which is not clipped yet: its bias includes `GATE`.
    """
    folded = fold(student)
    layers = [_folded(layer) for layer in (folded.head, *folded.body)]
    tails = [_folded(tail) for tail in (folded.tail, folded.chroma_tail) if tail is not None]
    weight, bias = (torch.cat(values).detach() for values in zip(*tails, strict=True))
    layers.append((weight, bias + GATE) if student.shape.plate else (CORRECTION * weight, CORRECTION * bias))
    return [Convolution(weight.detach().numpy(), bias.detach().numpy()) for weight, bias in layers]


def _convolution(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, batch_norm: bool) -> nn.Module:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding=1, bias=not batch_norm)
    nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu")
    if convolution.bias is not None:
        nn.init.zeros_(convolution.bias)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs)) if batch_norm else convolution


def _inner(layer: nn.Module) -> nn.Conv2d:
    """Return the convolution of a layer with or without batch norm."""
    convolution = layer[0] if isinstance(layer, nn.Sequential) else layer
    assert isinstance(convolution, nn.Conv2d)
    return convolution


def _bias(convolution: nn.Conv2d) -> Tensor:
    assert convolution.bias is not None
    return convolution.bias


def _folded(layer: nn.Module) -> tuple[Tensor, Tensor]:
    """Return weight and bias of one convolution, with its batch norm, if any, folded in double precision."""
    convolution = _inner(layer)
    if not isinstance(layer, nn.Sequential):
        return convolution.weight, _bias(convolution)
    norm = layer[1]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    weight = convolution.weight.double() * scale[:, None, None, None]
    bias = norm.bias.double() - norm.running_mean.double() * scale
    return weight.float(), bias.float()
