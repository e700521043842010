"""The exponential moving average of a network's weights, which is validated and exported."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class Average:
    """Averaged weights and statistics of a network; the decay is smaller in the first steps."""

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._network = network
        self._decay = decay
        self.tensors = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}
        self._pairs = [
            (self.tensors[name], tensor) for name, tensor in network.state_dict().items() if tensor.is_floating_point()
        ]

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Load the averages of a checkpoint."""
        for name, tensor in tensors.items():
            self.tensors[name].copy_(tensor)

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update the averages with the weights after step number `step`."""
        weight = 1 - min(self._decay, (1 + step) / (10 + step))
        # One call for all tensors: there are dozens, each of a few hundred numbers.
        torch._foreach_lerp_([mine for mine, _ in self._pairs], [theirs for _, theirs in self._pairs], weight)

    def finite(self) -> bool:
        """Whether all averages are finite; also copies integer statistics from the network."""
        for name, tensor in self._network.state_dict().items():
            if not tensor.is_floating_point():
                self.tensors[name].copy_(tensor)
        return all(bool(torch.isfinite(mine).all()) for mine, _ in self._pairs)
