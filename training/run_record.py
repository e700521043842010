"""What a run was made of: written beside its checkpoints, read by the model card."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import Any

from training.data import PictureFile, Skipped
from training.recipe import Recipe

_FILE = "run.json"


class Checkpoint(StrEnum):
    """The two checkpoints of a run."""

    LAST = "last"
    BEST = "best"

    def file(self, folder: Path) -> Path:
        """Where it lies in a run's folder."""
        return folder / f"{self.value}.safetensors"


class CheckpointError(Exception):
    """A checkpoint that is missing, damaged or of another network; the message says which."""


@dataclass(frozen=True)
class RunRecord:
    """A run's ingredients.

    Attributes:
        recipe: The recipe with every default resolved.
        sources: Folders of training pictures.
        validation: Folders of validation pictures.
        pictures: Training pictures by category.
        skipped: Files that were not used, each with its reason.
        commit: The commit of the program, see `commit`.
        machine: Where it ran.
        versions: What it ran on.
        started: UTC time, ISO 8601.
    """

    recipe: dict[str, Any]
    sources: list[str]
    validation: list[str]
    pictures: dict[str, list[str]]
    skipped: list[str]
    commit: str
    machine: str
    versions: dict[str, str]
    started: str

    def write(self, folder: Path) -> None:
        """Write the record into a run's folder."""
        (folder / _FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> "RunRecord":
        """Read the record of a run.

        Raises:
            CheckpointError: `folder` is not a run of acutance-train.
        """
        try:
            return cls(**json.loads((folder / _FILE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise CheckpointError(f"{folder} is not a run of acutance-train ({_FILE}: {error})") from None


def record(
    recipe: Recipe,
    sources: list[Path],
    validation: list[Path],
    pictures: list[PictureFile],
    skipped: list[Skipped],
) -> RunRecord:
    """Note what a run that starts now is made of."""
    by_category: dict[str, list[str]] = {}
    for picture in pictures:
        by_category.setdefault(picture.category, []).append(str(picture.path))
    return RunRecord(
        recipe=recipe.model_dump(mode="json"),
        sources=[str(path) for path in sources],
        validation=[str(path) for path in validation],
        pictures=by_category,
        skipped=[f"{s.path} {s.reason}" for s in skipped],
        commit=commit(),
        machine=machine(),
        versions=versions(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def commit() -> str:
    """The commit of this checkout, `+changes` added where files differ from it; `unknown` outside of git."""
    here = Path(__file__).parent

    def git(*arguments: str) -> str:
        return subprocess.run(
            # No optional locks: asking must not get in the way of somebody who commits.
            ["git", "--no-optional-locks", *arguments],
            cwd=here,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+changes" if git("status", "--porcelain", "--", "..") else "")
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def machine() -> str:
    """The processor and how many of its cores are here, in words."""
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass  # not Linux: the platform's own name has to do
    return f"{os.cpu_count()} cores of {name}, {platform.system()}"


def versions() -> dict[str, str]:
    """Versions of what decides about results."""
    packages = ("torch", "onnxruntime-gpu", "onnxruntime", "av", "pillow", "scikit-image", "numpy")
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
