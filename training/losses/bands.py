"""A loss on the octaves of the error, weighted by how well a person sees them.

ColorVideoVDP on video of calls, with one octave of the error removed at a time: detail finer than 1 px (standard
deviation of a Gaussian) is 4 dB of the error and 0.6 JOD, 1 to 2 px 2 dB and 0.9 JOD, 2 to 4 px 1.2 dB and 0.9 JOD. A
loss on all pixels is mostly a loss on the first octave, which is seen least.
"""

from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from acutance.training.losses.pixel import decibels

_SEEN = (1 / 3, 1.0, 5 / 3)
"""Weights of the octaves up to 1 px, of 1 to 2 px, and of all coarser ones: in proportion to the JOD per dB above."""
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)
"""The filter of Burt and Adelson's Laplacian pyramid (1983): standard deviation 1 px."""


def bands(output: Tensor, truth: Tensor, done: float) -> Tensor:
    """Mean over the batch of 10 log10(weighted squared error of the octaves + floor), see `decibels`.

    The energy of an octave is the difference between the energies of the error smoothed to its two ends, so that the
    octaves add up to the whole error.

    Args:
        output: Float `[B, 1, H, W]` in 0..1, H and W at least 6.
        truth: As `output`.
        done: Finished share of the run, 0 to 1.
    """
    error = output - truth
    seen = _SEEN[0] * error.square().mean(dim=(1, 2, 3))
    for finer, coarser in pairwise(_SEEN):
        error = _smoothed(error)
        seen = seen + (coarser - finer) * error.square().mean(dim=(1, 2, 3))
        error = error[..., ::2, ::2]
    return decibels(seen, done)


def _smoothed(planes: Tensor) -> Tensor:
    taps = torch.tensor(_BINOMIAL, device=planes.device, dtype=planes.dtype)
    wide = functional.pad(planes, (2, 2, 2, 2), mode="reflect")
    return functional.conv2d(functional.conv2d(wide, taps.view(1, 1, 1, 5)), taps.view(1, 1, 5, 1))
