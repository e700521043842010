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
from acutance.model.nets.teacher import Teacher
from acutance.training.checkpoints.checkpoint import State, is_checkpoint, load_network, save_weights
from acutance.training.checkpoints.networks import Network
from acutance.training.checkpoints.provenance import commit
from acutance.training.checkpoints.run_record import CheckpointError
from acutance.training.teachers.foreign import FOREIGN_BORDER, ForeignNetwork, foreign_weights, load_foreign

FILE = "teacher.safetensors"
"""Name of the compact file that `acutance-train teacher` writes at its end."""


class FeatureNetwork(Protocol):
    """The interface of a teacher, which `Student`, `Teacher` and `ForeignNetwork` have."""

    def __call__(self, luma: Tensor, hints: Tensor | None = None) -> Tensor:
        """Sharpen luma, float `[B, 1, H, W]` in 0..1; `hints` float `[B, 4]` in 0..1."""

    def features(self, luma: Tensor, hints: Tensor | None = None) -> Tensor:
        """Input of the last convolution, float `[B, C, h, w]`."""


@dataclass(frozen=True)
class LoadedTeacher:
    """A trained teacher.

    Attributes:
        network: The network in evaluation mode, without gradients.
        name: Name of its shape or architecture.
        border: Pixels at each edge of its output that padding reaches.
        digest: SHA-256 of its file in hexadecimal.
        file: Its file.
        neighbours: Number of decoded frames that it sees before the frame, and as many after it.
    """

    network: FeatureNetwork
    name: str
    border: int
    digest: str
    file: Path
    neighbours: int = 0

    @property
    def module(self) -> nn.Module:
        """The network as a torch module."""
        assert isinstance(self.network, nn.Module)
        return self.network


def load_teacher(path: Path) -> LoadedTeacher:
    """Read a teacher: a checkpoint of a run, an exported teacher, or a foreign network's weights.

    Raises:
        CheckpointError: The file cannot be read, or the network is unknown.
    """
    network: Network | ForeignNetwork
    neighbours = 0
    if is_checkpoint(path):
        network, _ = load_network(path)
        neighbours = network.shape.neighbours if isinstance(network, Teacher) else 0
        name, border = network.shape.name, network.shape.border
    else:
        network, name = load_foreign(path)
        border = FOREIGN_BORDER
    network.eval().requires_grad_(False)
    return LoadedTeacher(network, name, border, hashlib.sha256(path.read_bytes()).hexdigest(), path, neighbours)


def write_teacher(path: Path, out: Path, notes: Mapping[str, str]) -> None:
    """Write only the weights of a teacher, in a compact file that `load_teacher` reads.

    Args:
        path: A checkpoint, an exported teacher, or a foreign network's weights.
        out: The file to write, .safetensors.
        notes: Metadata of the file, in addition to the commit.

    Raises:
        CheckpointError: The file cannot be read, or `out` cannot be written.
    """
    notes = {**notes, "commit": commit()}
    if is_checkpoint(path):
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
    """Hints of uncoded pictures, float `[B, 4]` in 0..1 on the device of `like`, which has B pictures."""
    return torch.tensor([UNCODED.codes], device=like.device).expand(len(like), COUNT) / 255
