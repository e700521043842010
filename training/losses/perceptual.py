"""Perceptual loss: distance between a classifier's features of the output and of the truth.

The weights are those of a file that the user names, or torchvision's in the cache of torch hub (both trained on
ImageNet); nothing is downloaded. Without either, a VGG with fixed random weights is used, which performed equally for
super-resolution (Liu et al., 2021, arXiv 2103.10571).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import squeezenet1_1
from torchvision.models.vgg import cfgs, make_layers

from acutance.training.checkpoints.run_record import CheckpointError
from acutance.training.losses.ranks import ALONE, Ranks

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Mean and standard deviation of ImageNet's channels, with which the classifiers were trained."""
_CACHED = ("vgg19-dcbb9e9d.pth", "vgg16-397923af.pth", "squeezenet1_1-b8a52dc0.pth")
"""File names of torchvision's weights, preferred ones first."""
_SQUEEZENET_ENDS = (1, 4, 7, 10, 12)
"""SqueezeNet's layers at the ends of a VGG's five blocks: the first ReLU, then the last fire module of each scale."""


@dataclass(frozen=True)
class Backbone:
    """The first layers of a classifier.

    Attributes:
        layers: The modules in order.
        taps: Indices of the modules with the wanted features.
        name: Network and source of its weights, for log, record and model card.
    """

    layers: nn.Sequential
    taps: tuple[int, ...]
    name: str

    def distance(self, output: Tensor, truth: Tensor, pictures: int | None = None, ranks: Ranks = ALONE) -> Tensor:
        """Mean over the layers of the L1 distance, relative to the mean magnitude of the truth's features.

        Args:
            output: Luma, float `[B, 1, H, W]` in 0..1; B may be 0.
            truth: The truth, in the same format.
            pictures: Sum of B over all processes; B by default.
            ranks: The processes that share the batch.
        """
        with torch.no_grad():
            wanted = self._features(truth)
        parts = [
            ranks.relative_l1(mine, theirs, pictures or len(output))
            for mine, theirs in zip(self._features(output), wanted, strict=True)
        ]
        return torch.stack(parts).mean()

    def _features(self, luma: Tensor) -> list[Tensor]:
        mean, deviation = (luma.new_tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _DEVIATION))
        x = (luma - mean) / deviation
        found = []
        for index, layer in enumerate(self.layers):
            x = layer(x)
            if index in self.taps:
                found.append(x)
        return found


def load_backbone(wanted: Sequence[str], file: Path | None = None) -> Backbone:
    """Find a classifier for the layers `wanted`, such as `relu2_2`; the docstring of the module gives the order.

    Raises:
        CheckpointError: `file` holds neither VGG16, VGG19 nor SqueezeNet 1.1.
    """
    if file is None:
        cache = Path(torch.hub.get_dir()) / "checkpoints"
        file = next((cache / name for name in _CACHED if (cache / name).is_file()), None)
    if file is None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            features = make_layers(cfgs["E"])
            for module in features.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        return _backbone(features, wanted, "VGG19 with fixed random weights (seed 0), not trained on any picture")
    weights = {name: tensor for name, tensor in _read(file).items() if name.startswith("features.")}
    # Only the convolutions: most parameters of a VGG are in the classifier behind them.
    kinds: dict[str, Callable[[], nn.Sequential]] = {
        "VGG19": lambda: make_layers(cfgs["E"]),
        "VGG16": lambda: make_layers(cfgs["D"]),
        "SqueezeNet 1.1": lambda: squeezenet1_1(weights=None).features,
    }
    for kind, make in kinds.items():
        features = make()
        try:
            features.load_state_dict({name.removeprefix("features."): tensor for name, tensor in weights.items()})
        except RuntimeError:
            continue
        return _backbone(features, wanted, f"{kind} with the weights of {file.name}")
    raise CheckpointError(f"{file} holds the weights of neither VGG16, VGG19 nor SqueezeNet 1.1 of torchvision")


def _backbone(features: nn.Sequential, wanted: Sequence[str], name: str) -> Backbone:
    ends = _ends(features)
    taps = sorted({ends.get(layer, ends[f"block{layer[4]}"]) for layer in wanted})
    kept = features[: taps[-1] + 1].eval().requires_grad_(False).to(memory_format=torch.channels_last)
    for module in kept:
        if isinstance(module, nn.ReLU):
            module.inplace = False  # tapped features must not be overwritten
    return Backbone(kept, tuple(taps), name)


def _ends(features: nn.Sequential) -> dict[str, int]:
    """Index of every ReLU by its name in a VGG, and of the last of each block as `block1`... in any network."""
    if not any(isinstance(module, nn.Conv2d) for module in features[1:]):
        return {f"block{number}": index for number, index in enumerate(_SQUEEZENET_ENDS, 1)}
    ends: dict[str, int] = {}
    block = place = 1
    for index, module in enumerate(features):
        if isinstance(module, nn.ReLU):
            ends[f"relu{block}_{place}"] = ends[f"block{block}"] = index
            place += 1
        elif isinstance(module, nn.MaxPool2d):
            block, place = block + 1, 1
    return ends


def _read(file: Path) -> dict[str, Any]:
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        weights = torch.load(file, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}") from None
    except Exception:  # torch raises many types for files with other content
        weights = None
    if not isinstance(weights, dict):
        raise CheckpointError(f"{file} holds no weights that can be read safely")
    return weights
