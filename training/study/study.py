"""Studies: one recipe in several variants, each trained with several seeds, and a table of their gains.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from acutance.training.data.pictures import DataError
from acutance.training.evaluation.bootstrap import Estimate, estimate
from acutance.training.evaluation.markdown import markdown_table
from acutance.training.run.journal import SOURCES, TABLE
from acutance.training.validation.scores import IDENTITY


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


@dataclass(frozen=True)
class Result:
    """The results of a variant, by seed.

    Attributes:
        variant: Name of the variant.
        gains: For each seed, the mean gain in PSNR in dB over all degradations except `identity`.
        identity: For each seed, the PSNR in dB of undegraded pictures after the network.
        sources: Gain in dB of each picture and clip, the mean over degradations and seeds; empty if it is not known.
    """

    variant: str
    gains: tuple[float, ...]
    identity: tuple[float, ...]
    sources: Mapping[str, float] = field(default_factory=dict)

    def against(self, other: "Result") -> Estimate | None:
        """Mean difference from another variant, paired over pictures and clips; None without gains of each."""
        both = self.sources.keys() & other.sources.keys()
        return estimate([self.sources[name] - other.sources[name] for name in sorted(both)]) if both else None


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
    return all(_last_row(trial.folder, steps) is not None or run(trial) for trial in planned)


def results_of(planned: Sequence[Trial], steps: int) -> list[Result]:
    """The results of each variant from the validations at the last step; unfinished trials are left out."""
    found: dict[str, list[tuple[float, float]]] = {}
    sources: dict[str, dict[str, list[float]]] = {}
    for trial in planned:
        row = _last_row(trial.folder, steps)
        if row is not None:
            found.setdefault(trial.variant, []).append(_figures(row))
            of_variant = sources.setdefault(trial.variant, {})
            for name, gain in _source_gains(trial.folder, steps):
                of_variant.setdefault(name, []).append(gain)
    return [
        Result(
            name,
            tuple(gain for gain, _ in figures),
            tuple(kept for _, kept in figures),
            {source: mean(gains) for source, gains in sources[name].items()},
        )
        for name, figures in found.items()
    ]


def markdown(study: Study, results: Sequence[Result]) -> str:
    """A Markdown table of the results: mean and deviation over seeds, and gains against the first variant."""
    columns = [
        "variant",
        "seeds",
        "gain in PSNR, dB: mean ± deviation (each seed)",
        "against the first [95 %, paired over pictures and clips]",
        "identity, dB",
    ]
    rows = []
    for result in results:
        spread = stdev(result.gains) if len(result.gains) > 1 else float("nan")
        each = ", ".join(f"{gain:.3f}" for gain in result.gains)
        against = f"{mean(result.gains) - mean(results[0].gains):+.3f}"
        paired = result.against(results[0])
        if paired is not None and result is not results[0]:
            against += f" [{paired.low:+.3f}, {paired.high:+.3f}]"
        gain = f"{mean(result.gains):.3f} ± {spread:.3f} ({each})"
        kept = f"{mean(result.identity):.1f}"
        rows.append([result.variant, str(len(result.gains)), gain, against, kept])
    changes = "\n".join(f"- {name}: `{' '.join(changes) or '(as it is)'}`" for name, changes in study.variants.items())
    common = f", with `{' '.join(study.changes)}`" if study.changes else ""
    start = f", from `{study.init}`" if study.init else ""
    head = f"Recipe `{study.recipe}`{common}, {study.steps} steps each{start}.\n\n"
    return f"{head}{markdown_table(columns, rows)}\nChanges to the recipe:\n\n{changes}\n"


def _last_row(folder: Path, steps: int) -> dict[str, str] | None:
    try:
        with (folder / TABLE).open(encoding="utf-8", newline="") as file:
            return next((row for row in csv.DictReader(file) if row["step"] == str(steps)), None)
    except OSError:
        return None


def _source_gains(folder: Path, steps: int) -> Iterator[tuple[str, float]]:
    """Yield the name and gain of each picture and clip under each degradation but `identity`, at the last step."""
    try:
        with (folder / SOURCES).open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["step"] == str(steps)]
    except OSError:
        return
    yield from ((row["source"], float(row["gain"])) for row in rows if row["degradation"] != IDENTITY)


def _figures(row: dict[str, str]) -> tuple[float, float]:
    names = [column.removesuffix(" after") for column in row if column.endswith(" after")]
    gains = [float(row[f"{name} after"]) - float(row[f"{name} before"]) for name in names if name != IDENTITY]
    kept = float(row[f"{IDENTITY} after"]) if IDENTITY in names else float("nan")
    return mean(gains), kept
