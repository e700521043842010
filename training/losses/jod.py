"""JOD of ColorVideoVDP (see `acutance.training.judge.jod`) as a loss, of single pictures without colour or time."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from acutance.training.judge.jod import DISPLAY

_BLACK, _RANGE = 16 / 255, 219 / 255
"""Luma of black, and from there to white, of BT.601 and BT.709 in limited range."""


def lost_jod(output: Tensor, truth: Tensor) -> Tensor:
    """JOD that each picture loses against the truth, `[B]`: 0 is indistinguishable from it.

    Args:
        output: Luma, float `[B, 1, H, W]` in 0..1, limited range.
        truth: The truth, in the same format.
    """
    lost: Tensor = _metric(output.device).loss(_grey(output), _grey(truth), dim_order="BCHW")
    return lost


def _grey(luma: Tensor) -> Tensor:
    return ((luma - _BLACK) / _RANGE).clip(0, 1)


@lru_cache(maxsize=1)
def _metric(device: torch.device) -> Any:
    import pycvvdp

    return pycvvdp.cvvdp(display_name=DISPLAY, quiet=True, device=device)
