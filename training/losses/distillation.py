"""Losses that look at a teacher's features."""

import torch
from torch import Tensor, nn

from acutance.training.losses.ranks import ALONE, Ranks
from acutance.training.teachers.teachers import FeatureNetwork, uncoded


def teacher_features(teacher: FeatureNetwork, output: Tensor, truth: Tensor, ranks: Ranks = ALONE) -> Tensor:
    """Distance between the teacher's features of the output and those of the truth.

    The hints say that no codec has touched either. Divided by the mean size of the features, so that a weight means
    the same with every teacher.
    """
    hints = uncoded(truth)
    with torch.no_grad():
        wanted = teacher.features(truth, hints)
    return ranks.relative_l1(teacher.features(output, hints), wanted, len(output) * ranks.count)


def affinity(mine: Tensor, wanted: Tensor, size: int) -> Tensor:
    """Distance between the spatial affinities of two networks' features (He et al., FAKD, 2020).

    The student learns which places look alike to the teacher: the cosine between every two of `size` x `size` pooled
    places.

    Args:
        mine: The student's, float `[B, C, h, w]`.
        wanted: The teacher's; C, h and w may differ.
        size: Side of the pooled grid.
    """
    return (_gram(mine, size) - _gram(wanted, size)).abs().mean()


def _gram(features: Tensor, size: int) -> Tensor:
    pooled = nn.functional.adaptive_avg_pool2d(features, size).flatten(2)
    # Centred: after a ReLU all features are positive, and every two places would look alike.
    pooled = nn.functional.normalize(pooled - pooled.mean(dim=2, keepdim=True), dim=1)
    return pooled.transpose(1, 2) @ pooled
