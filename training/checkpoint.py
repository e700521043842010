"""Everything a run needs to go on exactly where it stopped, in one safetensors file without pickles."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from model.nets.shape import StudentShape
from model.nets.student import Student
from training.run_record import CheckpointError


@dataclass
class State:
    """Where a run is.

    Attributes:
        step: Steps done.
        seconds: Wall-clock seconds of training done, validation and earlier sittings included.
        best: The best validation score so far, see `training.validation`.
        generator: State of the random generator that draws batches.
    """

    step: int
    seconds: float
    best: float
    generator: dict[str, Any]


def save(
    path: Path, state: State, student: Student, average: Mapping[str, Tensor], adam: torch.optim.Optimizer
) -> None:
    """Write a checkpoint; a crash in between leaves the old file whole."""
    tensors = {f"student.{name}": tensor for name, tensor in student.state_dict().items()}
    tensors |= {f"average.{name}": tensor for name, tensor in average.items()}
    if isinstance(adam, torch.optim.Adam):
        for index, slot in adam.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{name}": tensor for name, tensor in slot.items()}
    norm = "batch_norm" if any("running_mean" in name for name in tensors) else ""
    metadata = {"shape": student.shape.name, "norm": norm, "state": json.dumps(vars(state))}
    unfinished = path.with_suffix(".unfinished")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, unfinished, metadata)
    unfinished.replace(path)


def load(path: Path, student: Student, adam: torch.optim.Optimizer) -> tuple[State, dict[str, Tensor]]:
    """Read a checkpoint into `student` and `adam`; returns the state and the averaged weights.

    Raises:
        CheckpointError: The file cannot be read or belongs to another shape of student.
    """
    tensors, metadata = _read(path)
    if metadata["shape"] != student.shape.name:
        raise CheckpointError(f"{path} is a {metadata['shape']}, the recipe asks for a {student.shape.name}")
    student.load_state_dict(_part(tensors, "student."))
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _part(tensors, "adam.").items():
        index, _, key = name.partition(".")
        slots.setdefault(int(index), {})[key] = tensor
    adam.load_state_dict({"state": slots, "param_groups": adam.state_dict()["param_groups"]})
    return State(**json.loads(metadata["state"])), _part(tensors, "average.")


def load_student(path: Path) -> tuple[Student, State]:
    """Read the averaged weights of a checkpoint as a student in evaluation mode.

    Raises:
        CheckpointError: The file cannot be read.
    """
    tensors, metadata = _read(path)
    student = Student(StudentShape.parse(metadata["shape"]), batch_norm=bool(metadata["norm"]))
    student.load_state_dict(_part(tensors, "average."))
    return student.eval(), State(**json.loads(metadata["state"]))


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if not {"shape", "state"} <= metadata.keys():
                raise CheckpointError(f"{path} is not a checkpoint of acutance-train")
            return {name: file.get_tensor(name) for name in file.keys()}, metadata  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read as a checkpoint: {error}") from None


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}
