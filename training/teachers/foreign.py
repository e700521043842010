"""Foreign restoration networks, recognised by spandrel from the names of their weights."""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError, canonicalize_state_dict
from torch import Tensor, nn
from torch.nn.functional import interpolate, pad

from acutance.training.checkpoints.run_record import CheckpointError

FOREIGN_BORDER = 8
"""Pixels at each edge that are left out of a foreign network's output. Its receptive field is unknown and often larger
than a crop, but distant pixels have little influence."""


class ForeignNetwork(nn.Module):
    """A foreign network as a sharpener of luma, with the interface of `Teacher`; it ignores hints.

    A network for RGB gets luma in all three channels, and its outputs are averaged. An upscaling network gets the
    picture reduced by its scale.
    """

    def __init__(self, found: ImageModelDescriptor[Any]) -> None:
        super().__init__()
        self.network: nn.Module = found.model
        self._scale, self._planes = found.scale, found.input_channels
        needs = found.size_requirements
        self._least, self._multiple, self._square = needs.minimum, needs.multiple_of, needs.square
        # In every network tried, the convolution that is defined last produces the output.
        self._last = [module for module in self.network.modules() if isinstance(module, nn.Conv2d)][-1:]

    def forward(self, luma: Tensor, hints: Tensor | None = None) -> Tensor:
        """Sharpen `luma`, float `[B, 1, H, W]` in 0..1."""
        height, width = luma.shape[2:]
        # Padded first to a multiple of the scale, then to a size that the network accepts.
        reduced = _padded(luma, self._scale, 0)
        if self._scale > 1:
            reduced = interpolate(reduced, scale_factor=1 / self._scale, mode="bicubic", antialias=True)
        side = max(reduced.shape[2:]) if self._square else 0
        whole = _padded(reduced, self._multiple, max(self._least, side))
        output = self.network(whole.expand(-1, self._planes, -1, -1)).mean(dim=1, keepdim=True)
        cut: Tensor = output[:, :, :height, :width]
        return cut

    def features(self, luma: Tensor, hints: Tensor | None = None) -> Tensor:
        """Input of the last convolution, float `[B, C, h, w]`.

        Raises:
            CheckpointError: The network has no such input.
        """
        seen: list[Tensor] = []
        hooks = [m.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0])) for m in self._last]
        try:
            self(luma)
        finally:
            for hook in hooks:
                hook.remove()
        if not seen or seen[-1].dim() != 4:
            raise CheckpointError(
                "this teacher has no features: leave teacher_features and affinity out of the recipe's losses"
            )
        return seen[-1]


def load_foreign(path: Path) -> tuple[ForeignNetwork, str]:
    """Read a foreign network and the name of its architecture; pickled code is never run.

    Raises:
        CheckpointError: The file cannot be read, spandrel does not recognise it, or the network does not restore luma.
    """
    try:
        found = ModelLoader().load_from_state_dict(foreign_weights(path))
    except UnsupportedModelError:
        raise CheckpointError(
            f"{path} is neither a checkpoint of acutance-train nor a network that spandrel recognises"
        ) from None
    if not isinstance(found, ImageModelDescriptor) or found.input_channels not in (1, 3):
        raise CheckpointError(f"{path} is a {found.architecture.name}, which does not restore grey or RGB pictures")
    network = ForeignNetwork(found).eval()
    try:
        with torch.inference_mode():
            worked = network(torch.zeros(1, 1, 64, 64)).shape == (1, 1, 64, 64)
    except RuntimeError:
        worked = False  # some need another input, such as a noise map
    if not worked:
        raise CheckpointError(f"{path} is a {found.architecture.name}, which needs other inputs than luma")
    return network, found.architecture.name


def foreign_weights(path: Path) -> dict[str, Tensor]:
    """Read the weights of a file without unpickling code.

    Raises:
        CheckpointError: The file cannot be read, or holds other objects than weights.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights: dict[str, Tensor] = canonicalize_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        return weights
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    except Exception as error:  # torch raises many types for files with other content
        raise CheckpointError(f"{path} holds no weights that can be read safely: {_first_line(error)}") from None


def _padded(luma: Tensor, multiple: int, least: int) -> Tensor:
    """Repeat the last row and column until both sides are multiples of `multiple` and at least `least`."""
    missing = [-(-max(side, least) // multiple) * multiple - side for side in luma.shape[2:]]
    return pad(luma, (0, missing[1], 0, missing[0]), mode="replicate") if any(missing) else luma


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
