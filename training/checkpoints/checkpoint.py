"""Checkpoints in safetensors files without pickles; a run resumes from one exactly where it stopped."""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from acutance.training.checkpoints import networks
from acutance.training.checkpoints.networks import Network
from acutance.training.checkpoints.run_record import CheckpointError
from acutance.training.checkpoints.tensor_tree import flatten, restore

_NETWORK, _AVERAGE, _OPTIMISER = "network", "average", "optimiser"


@dataclass
class State:
    """The progress of a run.

    Attributes:
        step: Number of finished steps.
        seconds: Wall-clock seconds of training, including validation and the time before an interruption.
        best: Best validation score so far, see `acutance.training.validation.scores.checkpoint_score`.
        scaler: State of the loss scaling of half precision, empty without it.
    """

    step: int = 0
    seconds: float = 0.0
    best: float = -math.inf
    scaler: dict[str, Any] = field(default_factory=dict)


def save(
    path: Path, state: State, network: Network, average: Mapping[str, Tensor], optimiser: torch.optim.Optimizer
) -> None:
    """Write a checkpoint to resume from; the old file is replaced only when the new one is complete.

    Raises:
        CheckpointError: The disk is full or not writable.
    """
    tensors = {f"{_NETWORK}.{name}": tensor for name, tensor in network.state_dict().items()}
    tensors |= {f"{_AVERAGE}.{name}": tensor for name, tensor in average.items()}
    tree = flatten(optimiser.state_dict(), _OPTIMISER, tensors)
    _write(path, tensors, _metadata(network, state) | {_OPTIMISER: json.dumps(tree)})


def save_weights(
    path: Path, state: State, network: Network, average: Mapping[str, Tensor], notes: Mapping[str, str]
) -> None:
    """Write only the averaged weights, with `notes` in the metadata of the file.

    Raises:
        CheckpointError: The disk is full or not writable.
    """
    tensors = {f"{_AVERAGE}.{name}": tensor for name, tensor in average.items()}
    _write(path, tensors, _metadata(network, state) | dict(notes))


def load(path: Path, network: Network, optimiser: torch.optim.Optimizer) -> tuple[State, dict[str, Tensor]]:
    """Read a checkpoint into `network` and `optimiser`; returns the state and the averaged weights.

    Raises:
        CheckpointError: The file cannot be read, holds only weights, or is of another shape.
    """
    tensors, metadata = _read(path)
    if metadata["shape"] != network.shape.name:
        raise CheckpointError(f"{path} is a {metadata['shape']}, the recipe asks for a {network.shape.name}")
    if _OPTIMISER not in metadata:
        raise CheckpointError(f"{path} holds only weights, or was written by an earlier version: start with --init")
    _fill(network, _part(tensors, _NETWORK), path)
    optimiser.load_state_dict(restore(json.loads(metadata[_OPTIMISER]), tensors))
    return State(**json.loads(metadata["state"])), _part(tensors, _AVERAGE)


def load_network(path: Path) -> tuple[Network, State]:
    """Read the averaged weights of a checkpoint as a student or teacher in evaluation mode.

    Raises:
        CheckpointError: The file cannot be read.
    """
    tensors, metadata = _read(path)
    average = _part(tensors, _AVERAGE)
    try:
        network = networks.parse(metadata["shape"], batch_norm=any("running_mean" in name for name in average))
    except ValueError as error:
        raise CheckpointError(f"{path}: {error}") from None
    _fill(network, average, path)
    state = json.loads(metadata["state"])
    return network.eval(), State(state["step"], state["seconds"], state["best"])


def read_note(path: Path, name: str) -> str | None:
    """Read one of the notes of `save_weights`; None if the checkpoint has none of this name.

    Raises:
        CheckpointError: The file cannot be read.
    """
    return _read(path, tensors=False)[1].get(name)


def is_checkpoint(path: Path) -> bool:
    """Whether the header of a file is that of a checkpoint of this program."""
    try:
        _read(path, tensors=False)
    except CheckpointError:
        return False
    return True


def _metadata(network: Network, state: State) -> dict[str, str]:
    return {"format": "1", "shape": network.shape.name, "state": json.dumps(vars(state))}


def _write(path: Path, tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> None:
    unfinished = path.with_suffix(".unfinished")
    try:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, unfinished, metadata)
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())  # after a power cut, the new name must not be an empty file
        unfinished.replace(path)
    except (OSError, SafetensorError) as error:
        unfinished.unlink(missing_ok=True)
        raise CheckpointError(
            f"{path} cannot be written ({error}): free some space and --resume from the previous checkpoint"
        ) from None


def _read(path: Path, *, tensors: bool = True) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            # `norm` marks the earlier format, in which the tensors and metadata of `load` have other names.
            if not {"shape", "state"} <= metadata.keys() or not {"format", "norm"} & metadata.keys():
                raise CheckpointError(f"{path} is not a checkpoint of acutance-train")
            return {name: file.get_tensor(name) for name in file.keys()} if tensors else {}, metadata  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {error}") from None


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {n.removeprefix(f"{prefix}."): t for n, t in tensors.items() if n.startswith(f"{prefix}.")}


def _fill(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise CheckpointError(f"{path} does not fit the network that it names: {error}") from None
