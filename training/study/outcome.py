"""The outcome of a study: the gains of its variants at the last step, and a table that compares them."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from statistics import fmean, stdev

from acutance.training.evaluation.bootstrap import Estimate, estimate
from acutance.training.evaluation.markdown import markdown_table
from acutance.training.run.journal import SOURCES
from acutance.training.study.study import Study, Trial, last_row
from acutance.training.validation.scores import IDENTITY


@dataclass(frozen=True)
class Gains:
    """Gains of a variant in one measure, the mean over all degradations except `identity`.

    Attributes:
        by_seed: For each seed.
        by_source: For each picture and clip, the mean over seeds; empty if it is not known.
    """

    by_seed: tuple[float, ...]
    by_source: Mapping[str, float] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return fmean(self.by_seed)

    def against(self, other: "Gains") -> Estimate | None:
        """Mean difference from another variant, paired over pictures and clips; None without gains of each."""
        both = self.by_source.keys() & other.by_source.keys()
        return estimate([self.by_source[name] - other.by_source[name] for name in sorted(both)]) if both else None


@dataclass(frozen=True)
class Outcome:
    """The results of a variant.

    Attributes:
        variant: Name of the variant.
        psnr: Gains in PSNR in dB.
        seen: Gains in VMAF-NEG or JOD; None if the recipe scores by PSNR.
        identity: For each seed, the PSNR in dB of undegraded pictures after the network; NaN if they are not validated.
    """

    variant: str
    psnr: Gains
    seen: Gains | None
    identity: tuple[float, ...]


def outcomes_of(planned: Sequence[Trial], steps: int) -> list[Outcome]:
    """The outcome of each variant from the validations at the last step; unfinished trials are left out."""
    finished: dict[str, list[tuple[Trial, dict[str, str]]]] = {}
    for trial in planned:
        row = last_row(trial.folder, steps)
        if row is not None:
            finished.setdefault(trial.variant, []).append((trial, row))
    return [_outcome(name, of_variant, steps) for name, of_variant in finished.items()]


def markdown(study: Study, outcomes: Sequence[Outcome], measure: str) -> str:
    """A Markdown table: mean and deviation over seeds, and differences from the first variant.

    Args:
        study: The study.
        outcomes: The outcomes of its variants, as far as they are known.
        measure: Name of the measure of `Outcome.seen`.
    """
    columns = ["variant", "seeds", *_titles("PSNR, dB")]
    columns += _titles(measure) if outcomes and outcomes[0].seen else []
    rows = []
    for one in outcomes:
        first = outcomes[0]
        row = [one.variant, str(len(one.psnr.by_seed)), *_cells(one.psnr, first.psnr)]
        row += _cells(one.seen, first.seen) if one.seen and first.seen else []
        kept = fmean(one.identity)
        rows.append([*row, "not validated" if isnan(kept) else f"{kept:.1f}"])
    changes = "\n".join(f"- {name}: `{' '.join(changes) or '(as it is)'}`" for name, changes in study.variants.items())
    common = f", with `{' '.join(study.changes)}`" if study.changes else ""
    start = f", from `{study.init}`" if study.init else ""
    head = f"Recipe `{study.recipe}`{common}, {study.steps} steps each{start}.\n\n"
    return f"{head}{markdown_table([*columns, 'identity, dB'], rows)}\nChanges to the recipe:\n\n{changes}\n"


def _titles(measure: str) -> list[str]:
    return [
        f"gain in {measure}: mean ± deviation (each seed)",
        "against the first [95 %, paired over pictures and clips]",
    ]


def _cells(gains: Gains, first: Gains) -> list[str]:
    spread = stdev(gains.by_seed) if len(gains.by_seed) > 1 else float("nan")
    each = ", ".join(f"{gain:.3f}" for gain in gains.by_seed)
    against = f"{gains.mean - first.mean:+.3f}"
    paired = gains.against(first)
    if paired is not None and gains is not first:
        against += f" [{paired.low:+.3f}, {paired.high:+.3f}]"
    return [f"{gains.mean:.3f} ± {spread:.3f} ({each})", against]


def _outcome(variant: str, finished: Sequence[tuple[Trial, dict[str, str]]], steps: int) -> Outcome:
    rows = [row for _, row in finished]
    sources = [row for trial, _ in finished for row in _source_rows(trial.folder, steps)]
    names = [column.removesuffix(" after") for column in rows[0] if column.endswith(" after")]
    degraded = [name for name in names if name != IDENTITY]
    psnr = tuple(fmean(float(row[f"{name} after"]) - float(row[f"{name} before"]) for name in degraded) for row in rows)
    seen = None
    if all(row.get(f"{name} seen") for row in rows for name in degraded):
        of_seeds = tuple(fmean(float(row[f"{name} seen"]) for name in degraded) for row in rows)
        seen = Gains(of_seeds, _means(sources, "seen"))
    kept = tuple(float(row[f"{IDENTITY} after"]) if IDENTITY in names else float("nan") for row in rows)
    return Outcome(variant, Gains(psnr, _means(sources, "gain")), seen, kept)


def _source_rows(folder: Path, steps: int) -> Iterator[dict[str, str]]:
    """Yield the rows of each picture and clip under each degradation but `identity`, at the last step."""
    try:
        with (folder / SOURCES).open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["step"] == str(steps)]
    except OSError:
        return
    yield from (row for row in rows if row["degradation"] != IDENTITY)


def _means(rows: Iterable[Mapping[str, str]], column: str) -> dict[str, float]:
    gains: dict[str, list[float]] = {}
    for row in rows:
        if row.get(column):
            gains.setdefault(row["source"], []).append(float(row[column]))
    return {source: fmean(of_source) for source, of_source in gains.items()}
