"""Studies: one recipe in several variants, each trained with several seeds.

A study is a TOML file:

    recipe = "call_small"
    steps = 1000                # of every run
    seeds = [1, 2, 3]           # of weights and batches; the pairs are the same
    init = "small"              # a shipped student or an .onnx file to start from; random weights without it
    changes = ["validation.pictures=9"]         # to the recipe, in every run

    [variants]                  # a name, and the changes in the syntax of `distil --set`
    "truth only" = []
    "and batch norm" = ["student.batch_norm=true"]
"""

import csv
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acutance.training.data.pictures import DataError
from acutance.training.run.journal import TABLE


class Study(BaseModel):
    """The settings of a study, see the docstring of the module."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: str
    steps: Annotated[int, Field(ge=1)]
    seeds: Annotated[tuple[int, ...], Field(min_length=1)]
    init: str | None = None
    changes: tuple[str, ...] = ()
    variants: Annotated[dict[str, tuple[str, ...]], Field(min_length=1)]


@dataclass(frozen=True)
class Trial:
    """One run of a study: variant, seed, folder of the run, and changes to the recipe."""

    variant: str
    seed: int
    folder: Path
    changes: tuple[str, ...]


def read_study(path: Path) -> Study:
    """Read a study.

    Raises:
        DataError: The file cannot be read or is not TOML, or a key is unknown, missing or out of range.
    """
    try:
        return Study.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"{path} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise DataError(f"{path}: {where}: {first['msg']}") from None


def trials(study: Study, out: Path) -> list[Trial]:
    """All runs of a study, seed by seed, so that an interrupted study has all variants of the first seeds."""
    return [
        Trial(name, seed, out / f"{index:02d}-seed{seed}", (*study.changes, *changes, f"training.seed={seed}"))
        for seed in study.seeds
        for index, (name, changes) in enumerate(study.variants.items())
    ]


def run_trials(planned: Sequence[Trial], steps: int, run: Callable[[Trial], bool]) -> bool:
    """Run the trials that have not reached their last step; returns False if a run was interrupted."""
    return all(last_row(trial.folder, steps) is not None or run(trial) for trial in planned)


def last_row(folder: Path, steps: int) -> dict[str, str] | None:
    """Return the row of the validation after the last step in the table of a run; None if there is none."""
    try:
        with (folder / TABLE).open(encoding="utf-8", newline="") as file:
            return next((row for row in csv.DictReader(file) if row["step"] == str(steps)), None)
    except OSError:
        return None
