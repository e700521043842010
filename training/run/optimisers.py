"""Optimisers and the schedule of the learning rate."""

import math
from collections.abc import Callable, Iterable

import torch
from pytorch_optimizer import SOAP
from torch import nn

from acutance.training.recipes.sections import TrainingSection

_OPTIMISERS: dict[str, Callable[[Iterable[nn.Parameter], float], torch.optim.Optimizer]] = {
    "adam": lambda parameters, rate: torch.optim.Adam(parameters, lr=rate),
    "soap": lambda parameters, rate: SOAP(parameters, lr=rate, weight_decay=0.0),
}
"""SOAP is Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., 2024, arXiv 2409.11321)."""


def make_optimiser(settings: TrainingSection, network: nn.Module) -> torch.optim.Optimizer:
    """The recipe's optimiser over all parameters of `network`."""
    return _OPTIMISERS[settings.optimiser](network.parameters(), settings.learning_rate)


def learning_rate(settings: TrainingSection, step: int, steps: int) -> float:
    """Learning rate of step `step` (from 0) of `steps`: linear warm-up, then the schedule of the recipe."""
    warm = min(1.0, (step + 1) / settings.warm_up) if settings.warm_up else 1.0
    done = step / steps
    if settings.schedule == "cosine":
        return settings.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * done))
    # 1e-9 compensates rounding: 0.1 and most decimal fractions are not exact in binary.
    return float(settings.learning_rate * warm * settings.factor ** math.floor(done / settings.every + 1e-9))
