"""Losses of pixels: distances of the output to the truth.

L1 is for the published recipe and for blur only: on codec pairs the student became the identity, with all features 0.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from acutance.training.recipes.sections import TruthLoss

Loss = Callable[[Tensor, Tensor, float], Tensor]
"""Function of output and truth (float `[B, 1, H, W]` in 0..1) and the finished share of the run (0 to 1); a scalar."""

_CHARBONNIER_EPSILON = 1e-3
"""A quarter of a grey level, in luma of 0..1 (1e-3 as in LapSRN, Lai et al.)."""
_FLOORS = (1e-3, 1e-4)
"""Squared error, luma of 0..1, below which `decibel` flattens: 30 dB at first, 40 dB at the end."""
_DECREASE = (0.2, 0.7)
"""Shares of the run between which the floor decreases."""
_INVISIBLE = 1e-5
"""Squared error, luma of 0..1, that is not visible: 50 dB."""
_PLACE = 8
"""Side of a place in pixels: one block of a transform."""
_CHANGED, _NEARER, _ADMITTED = (5 / 255) ** 2, 2.0, 1 / 9
"""Of squared errors: that of remembered luma from which it shows other content, the factor by which what arrives is
nearer to the truth, and the share of the remembered luma's that a result may have."""


def charbonnier(output: Tensor, truth: Tensor, done: float) -> Tensor:
    """Mean of sqrt(d^2 + 1e-6) over all pixels: L1 with a gradient at zero."""
    return torch.sqrt((output - truth).square() + _CHARBONNIER_EPSILON**2).mean()


def l1(output: Tensor, truth: Tensor, done: float) -> Tensor:
    """Mean absolute error over all pixels."""
    return (output - truth).abs().mean()


def squared(output: Tensor, truth: Tensor, done: float) -> Tensor:
    """Mean squared error over all pixels: the worst pictures of a batch dominate it."""
    return (output - truth).square().mean()


def decibel(output: Tensor, truth: Tensor, done: float) -> Tensor:
    """Mean over the batch of 10 log10(mean squared error + floor): minus PSNR, bounded.

    A tenth of a dB lost on a good picture weighs about as much as a tenth gained on a poor one, so that a student
    changes little where there is little to gain. The floor decreases in the middle of the run: with 50 dB from the
    start, undegraded pictures dominate, and the student becomes the identity within 300 steps.
    """
    return decibels((output - truth).square().mean(dim=(1, 2, 3)), done)


def decibels(error: Tensor, done: float) -> Tensor:
    """Mean over the batch of 10 log10(error + floor) of squared errors, float `[B]`; for the floor see `decibel`."""
    floor = _FLOORS[0] * (_FLOORS[1] / _FLOORS[0]) ** _decreased(done)
    return 10 * torch.log10(error + floor).mean()


def harm(output: Tensor, truth: Tensor, degraded: Tensor, done: float) -> Tensor:
    """Mean over the batch of the decibels lost; gains count 0.

    The term grows while the floor of `decibel` decreases: with full weight from the start, the student would become the
    identity. Differences at a PSNR above 50 dB are invisible and hardly count.
    """
    before, after = ((x - truth).square().mean(dim=(1, 2, 3)) + _INVISIBLE for x in (degraded, output))
    return _decreased(done) * torch.relu(10 * torch.log10(after / before)).mean()


def outdated(output: Tensor, truth: Tensor, degraded: Tensor, plate: Tensor, done: float) -> Tensor:
    """Mean decibels by which places that have changed show what was remembered; elsewhere 0.

    A place of 8x8 pixels has changed if the remembered luma, `plate`, is visibly farther from the truth than what
    arrives. It may go a third of the way to the remembered luma: `harm` counts what that loses. But `harm` compares
    whole crops, and hides a letter that is wrong.
    """
    stale, before, after = (
        avg_pool2d((x - truth).square(), _PLACE, ceil_mode=True) + _INVISIBLE for x in (plate, degraded, output)
    )
    changed = (stale > _CHANGED) & (stale > _NEARER * before)
    shown = torch.relu(10 * torch.log10(after / torch.maximum(before, _ADMITTED * stale)))
    return _decreased(done) * (shown * changed).mean()


def frequency(output: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute difference of the Fourier coefficients (Cho et al., MIMO-UNet, 2021, arXiv 2108.05054)."""
    return torch.view_as_real(torch.fft.rfft2(output - truth, norm="ortho")).abs().mean()


def _decreased(done: float) -> float:
    begin, end = _DECREASE
    return min(max((done - begin) / (end - begin), 0.0), 1.0)


TRUTH_LOSSES: dict[TruthLoss, Loss] = {
    "charbonnier": charbonnier,
    "l1": l1,
    "squared": squared,
    "decibel": decibel,
}
