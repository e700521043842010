"""Teachers: our own, or any restoration network that spandrel recognises, behind one interface."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor, nn

from acutance.model.hints import COUNT, UNCODED
from acutance.training.checkpoints.checkpoint import State, is_ours, load_network, save_weights
from acutance.training.checkpoints.networks import Network
from acutance.training.checkpoints.provenance import commit
from acutance.training.checkpoints.run_record import CheckpointError
from acutance.training.teachers.foreign import FOREIGN_BORDER, ForeignNetwork, foreign_weights, load_foreign

FILE = "teacher.safetensors"
"""The compact file that a run of `teacher` ends with."""


class FeatureNetwork(Protocol):
    """What a teacher can do, as `Student` and `Teacher` do it."""

    def __call__(self, luma: Tensor, hints: Tensor | None = None) -> Tensor:
        """Sharpen luma, float `[B, 1, H, W]` in 0..1; `hints` float `[B, 4]` in 0..1."""

    def features(self, luma: Tensor, hints: Tensor | None = None) -> Tensor:
        """What the last convolution sees, float `[B, C, h, w]`."""


@dataclass(frozen=True)
class LoadedTeacher:
    """A teacher that is not trained any more.

    Attributes:
        network: In evaluation mode, its weights without gradients.
        name: Its shape's name, or the architecture's.
        border: Pixels at each edge of its output that the zeros around a picture spoil.
        digest: SHA-256 of its file.
        file: Its file.
    """

    network: FeatureNetwork
    name: str
    border: int
    digest: str
    file: Path

    @property
    def module(self) -> nn.Module:
        """The network as a torch module."""
        assert isinstance(self.network, nn.Module)
        return self.network


def load_teacher(path: Path) -> LoadedTeacher:
    """Read a teacher: a checkpoint of a run, an exported teacher, or a foreign network's weights.

    Raises:
        CheckpointError: The file cannot be read or is no network that is known.
    """
    network: Network | ForeignNetwork
    if is_ours(path):
        network, _ = load_network(path)
        name, border = network.shape.name, network.shape.border
    else:
        network, name = load_foreign(path)
        border = FOREIGN_BORDER
    network.eval().requires_grad_(False)
    return LoadedTeacher(network, name, border, hashlib.sha256(path.read_bytes()).hexdigest(), path)


def write_teacher(path: Path, out: Path, notes: Mapping[str, str]) -> None:
    """Write the weights of a teacher alone, in a compact file that `load_teacher` reads.

    Args:
        path: A checkpoint, an exported teacher, or a foreign network's weights.
        out: The file to write, .safetensors.
        notes: Kept in the file's metadata, beside the commit.

    Raises:
        CheckpointError: The file cannot be read, or `out` not be written.
    """
    notes = {**notes, "commit": commit()}
    if is_ours(path):
        network, state = load_network(path)
        kept = State(state.step, state.seconds, state.best)
        save_weights(out, kept, network, network.state_dict(), notes)
        return
    _, name = load_foreign(path)
    weights = {key: tensor.contiguous().clone() for key, tensor in foreign_weights(path).items()}
    try:
        save_file(weights, out, {**notes, "architecture": name})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{out} cannot be written: {error}") from None


def uncoded(like: Tensor) -> Tensor:
    """Hints of pictures that no codec has touched, for `like` float `[B, 1, H, W]`."""
    return torch.tensor([UNCODED.codes], device=like.device).expand(len(like), COUNT) / 255
