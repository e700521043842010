"""Losses of one batch that several processes share."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Ranks:
    """The processes that share every batch, and the place of this one among them.

    Each has as many pictures of the batch. Gradients are averaged over the processes: a loss that is a mean over
    pictures is the same for one process and for many; one with a common denominator needs `mean`.

    Attributes:
        rank: Number of this process, from 0.
        count: How many there are.
        mean: The mean of a tensor over all processes, without gradient; every process must call it as often.
    """

    rank: int = 0
    count: int = 1
    mean: Callable[[Tensor], Tensor] = Tensor.detach

    def spread(self, wanted: int, own: int) -> list[int]:
        """Choose pictures evenly spread over the batch of all processes.

        Args:
            wanted: How many of the batch.
            own: Pictures of the batch that this process has.

        Returns:
            The places of those that this process has, from 0.
        """
        first, batch = self.rank * own, self.count * own
        places = [index * batch // wanted - first for index in range(wanted)]
        return [place for place in places if 0 <= place < own]

    def relative_l1(self, features: Tensor, wanted: Tensor, pictures: int) -> Tensor:
        """L1 distance as a share of the mean size of `wanted`, over all processes together.

        Args:
            features: Float `[B, C, h, w]`.
            wanted: The same of the truth; B may be 0.
            pictures: B of all processes together.
        """
        share = self.count / pictures
        size = self.mean(share * _sum_of_means(wanted))
        return share * _sum_of_means(features - wanted) / size.clamp(min=1e-8)


ALONE = Ranks()
"""One process."""


def _sum_of_means(features: Tensor) -> Tensor:
    return features.abs().flatten(1).mean(dim=1).sum()
