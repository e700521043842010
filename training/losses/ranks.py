"""The processes that share a batch, and losses with a denominator common to all of them."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Ranks:
    """The processes that share every batch, and the rank of this one.

    Each has the same number of pictures of the batch. Gradients are averaged over the processes: a loss that is a mean
    over pictures is the same for one process and for many; a loss with a common denominator needs `mean`.

    Attributes:
        rank: Number of this process, from 0.
        count: Number of processes.
        mean: Returns the mean of a tensor over all processes, without gradient; all processes must call it together.
    """

    rank: int = 0
    count: int = 1
    mean: Callable[[Tensor], Tensor] = Tensor.detach

    def spread(self, wanted: int, own: int) -> list[int]:
        """Choose pictures evenly spread over the batch of all processes.

        Args:
            wanted: Number of pictures to choose.
            own: Number of pictures that this process has.

        Returns:
            Indices of the chosen pictures among those of this process, from 0.
        """
        first, batch = self.rank * own, self.count * own
        places = [index * batch // wanted - first for index in range(wanted)]
        return [place for place in places if 0 <= place < own]

    def relative_l1(self, features: Tensor, wanted: Tensor, pictures: int) -> Tensor:
        """L1 distance divided by the mean magnitude of `wanted`, over all processes together.

        Args:
            features: Features of the output, float `[B, C, h, w]`; B may be 0.
            wanted: Features of the truth, of the same shape.
            pictures: Sum of B over all processes.
        """
        share = self.count / pictures
        size = self.mean(share * _sum_of_means(wanted))
        return share * _sum_of_means(features - wanted) / size.clamp(min=1e-8)


ALONE = Ranks()
"""One process."""


def _sum_of_means(features: Tensor) -> Tensor:
    return features.abs().flatten(1).mean(dim=1).sum()
