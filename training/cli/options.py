"""Options that `evaluate`, `export` and `figures` share: sets, degradations, and pictures for the linear filter."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from acutance.training.data.pictures import DataError

# A log has no width, and wrapped tables are unreadable.
console = Console(width=None if sys.stdout.isatty() else 200)

Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Folder of pictures or clips, or the name of one below --data. Set5:bicubic2,bicubic3 sets the "
        "degradations of one set. Repeatable.",
    ),
]
Data = Annotated[Path, typer.Option(help="Folder below which sets are found by name.")]
DATA = Path("../shared/data")
FitOn = Annotated[
    Path | None,
    typer.Option(help="Pictures that `linear` is fitted on: a set made by `prepare`, or a folder of pictures."),
]


def named_sets(sets: Sequence[str], degradations: Sequence[str], data: Path) -> list[tuple[Path, list[str]]]:
    """Find sets by name, each with its degradations.

    Raises:
        DataError: A set or a degradation is unknown.
    """
    from acutance.training.evaluation.testsets import expand, find_set

    found = []
    for name in sets:
        folder, colon, own = name.partition(":")
        if Path(name).exists() or not colon:
            folder, own = name, ""
        found.append((find_set(folder, data), expand(own.split(",") if own else degradations)))
    return found


def find_sets(sets: Sequence[str], data: Path) -> list[Path]:
    """Find the folders of sets by name; degradations after a colon are left out.

    Raises:
        DataError: A set is unknown.
    """
    from acutance.training.evaluation.testsets import find_set

    return [find_set(name if Path(name).exists() else name.partition(":")[0], data) for name in sets]


def fitted(fit_on: Path | None, names: Sequence[str], processes: int) -> Path:
    """Fit the missing linear filters for these degradations; returns their folder.

    Raises:
        DataError: `fit_on` is None or cannot be used.
    """
    from acutance.training.evaluation.fitset import FitSet, fit_filters
    from acutance.training.run.console import progress_bar

    if fit_on is None:
        raise DataError("linear must be fitted: name a prepared set or a folder of pictures with --fit-on")
    with progress_bar(console, "fitting linear filters") as progress:
        return fit_filters(FitSet.open(fit_on), names, processes=processes, progress=progress)
