"""Losses that look at a teacher's features."""

import torch
from torch import Tensor, nn

from acutance.training.teachers.teachers import FeatureNetwork, uncoded


def teacher_features(teacher: FeatureNetwork, output: Tensor, truth: Tensor) -> Tensor:
    """Distance between the teacher's features of the output and those of the truth.

    Both are shown as pictures that no codec has touched. Divided by the mean size of the features, so that a
    weight means the same with every teacher.
    """
    hints = uncoded(truth)
    with torch.no_grad():
        wanted = teacher.features(truth, hints)
    return (teacher.features(output, hints) - wanted).abs().mean() / wanted.abs().mean().clamp(min=1e-8)


def affinity(mine: Tensor, wanted: Tensor, size: int) -> Tensor:
    """Distance between the spatial affinities of two bodies' features, `[B, C, h, w]` of any two widths C.

    Which places look alike to the teacher shall look alike to the student: the cosine between every two of
    `size` x `size` pooled places (He et al., FAKD, 2020).
    """
    return (_gram(mine, size) - _gram(wanted, size)).abs().mean()


def _gram(features: Tensor, size: int) -> Tensor:
    pooled = nn.functional.adaptive_avg_pool2d(features, size).flatten(2)
    # Centred: after a ReLU all features are positive, and every two places would look alike.
    pooled = nn.functional.normalize(pooled - pooled.mean(dim=2, keepdim=True), dim=1)
    return pooled.transpose(1, 2) @ pooled
