"""The record of a run: recipe, data, teacher and provenance; written beside its checkpoints, read by the model card."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from acutance.training.data.dataset import Item
from acutance.training.data.pictures import DataError

_FILE = "run.json"


class Checkpoint(StrEnum):
    """The checkpoints of a run: the last one, the best of its validations, and the one that `choose` wrote."""

    LAST = "last"
    BEST = "best"
    CHOSEN = "chosen"

    def file(self, folder: Path) -> Path:
        """Path of the checkpoint in the folder of a run."""
        return folder / f"{self.value}.safetensors"


class CheckpointError(DataError):
    """A checkpoint or run record is missing, damaged, of another network, or cannot be written."""


@dataclass(frozen=True)
class RunRecord:
    """The inputs and the provenance of a run.

    Attributes:
        recipe: The recipe with every default resolved.
        sources: Folder of the training set, as a list of one.
        validation: Names of the validation items.
        pictures: Names of the training items by category.
        skipped: Unused files, each with the reason.
        commit: The commit of the program, see `acutance.training.checkpoints.provenance`.
        host: Processor and operating system.
        versions: Versions of Python and packages.
        started: UTC time, ISO 8601.
        command: `distil` or `teacher`.
        fingerprint: Fingerprint of the training set.
        pairs: Fingerprint of the pairs.
        licences: Number of training items by licence class.
        teacher: `name`, `file` and `sha256` of the teacher, empty without one.
        perceptual: Name of the classifier of the perceptual loss, empty without one.
        init: Checkpoint with the initial weights, empty for random ones.
        precision: Precision of the arithmetic; `32-true` is single precision.
        processes: Number of processes that share every batch.
    """

    recipe: dict[str, Any]
    sources: list[str]
    validation: list[str]
    pictures: dict[str, list[str]]
    skipped: list[str]
    commit: str
    host: str
    versions: dict[str, str]
    started: str
    command: str = "distil"
    fingerprint: str = ""
    pairs: str = ""
    licences: dict[str, int] = field(default_factory=dict)
    teacher: dict[str, str] = field(default_factory=dict)
    perceptual: str = ""
    init: str = ""
    precision: str = "32-true"
    processes: int = 1

    def write(self, folder: Path) -> None:
        """Write the record into a run's folder.

        Raises:
            CheckpointError: The disk is full or not writable.
        """
        unfinished = folder / f"{_FILE}.unfinished"
        try:
            unfinished.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
            unfinished.replace(folder / _FILE)
        except OSError as error:
            raise CheckpointError(f"{folder / _FILE} cannot be written: {error}") from None

    @classmethod
    def read(cls, folder: Path) -> "RunRecord":
        """Read the record of a run.

        Raises:
            CheckpointError: `folder` holds no run of acutance-train.
        """
        try:
            return cls(**json.loads((folder / _FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise CheckpointError(
                f"{folder} is not a run of acutance-train, its {_FILE} cannot be read: {error}"
            ) from None


def by_category(items: Iterable[Item]) -> dict[str, list[str]]:
    """Names of items, by category."""
    names: dict[str, list[str]] = {}
    for item in items:
        names.setdefault(item.category, []).append(item.name)
    return names


def licences(items: Iterable[Item]) -> dict[str, int]:
    """Number of items by licence class."""
    return dict(sorted(Counter(item.licence_class for item in items).items()))
