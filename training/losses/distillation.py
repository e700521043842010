"""Losses on the features of a teacher."""

import torch
from torch import Tensor, nn

from acutance.training.losses.ranks import ALONE, Ranks
from acutance.training.teachers.teachers import FeatureNetwork, uncoded


def teacher_features(teacher: FeatureNetwork, output: Tensor, truth: Tensor, ranks: Ranks = ALONE) -> Tensor:
    """L1 distance between the teacher's features of the output and of the truth, both float `[B, 1, H, W]` in 0..1.

    Both get the hints of uncoded frames. The distance is divided by the mean magnitude of the features, so that a
    weight has the same effect with every teacher.
    """
    hints = uncoded(truth)
    with torch.no_grad():
        wanted = teacher.features(truth, hints)
    return ranks.relative_l1(teacher.features(output, hints), wanted, len(output) * ranks.count)


def affinity(mine: Tensor, wanted: Tensor, size: int) -> Tensor:
    """L1 distance between the spatial affinities of two networks' features (He et al., FAKD, 2020).

    Affinities are the cosines between the features of every two places of a grid of `size` x `size`.

    Args:
        mine: Features of the student, float `[B, C, h, w]`.
        wanted: Features of the teacher; C, h and w may differ.
        size: Side of the pooled grid.
    """
    return (_gram(mine, size) - _gram(wanted, size)).abs().mean()


def _gram(features: Tensor, size: int) -> Tensor:
    pooled = nn.functional.adaptive_avg_pool2d(features, size).flatten(2)
    # Centred: after a ReLU all features are positive, and every cosine would be near 1.
    pooled = nn.functional.normalize(pooled - pooled.mean(dim=2, keepdim=True), dim=1)
    return pooled.transpose(1, 2) @ pooled
