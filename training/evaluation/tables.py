"""Tables of quality and cost, on a terminal, in Markdown, CSV and JSON, each with a footnote on the measurement."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from acutance.training.checkpoints.provenance import commit, host_info, versions
from acutance.training.evaluation.bootstrap import Estimate
from acutance.training.evaluation.cost import Cost
from acutance.training.evaluation.evaluate import Measurement, protocol
from acutance.training.evaluation.grid import Grid
from acutance.training.evaluation.rows import ALL, GROUPS, INPUT, Row, make_rows
from acutance.training.metrics.registry import ALWAYS, METRICS


@dataclass(frozen=True)
class Report:
    """The results of one evaluation.

    Attributes:
        measurements: By method, picture or clip, and degradation.
        metrics: Names of the metrics, in the order of the tables.
        costs: Cost of each method, where it was measured.
        notes: Sentences on metrics that could not be measured.
    """

    measurements: Sequence[Measurement]
    metrics: Sequence[str]
    costs: Sequence[Cost] = ()
    notes: Sequence[str] = ()
    rows: list[Row] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", make_rows(self.measurements))


def show(console: Console, report: Report) -> None:
    """Print every table and the footnote."""
    for grid in _grids(report):
        grid.show(console)
    console.print(footnote(report), highlight=False, markup=False, soft_wrap=True)


def markdown(title: str, report: Report) -> str:
    """Every table and the footnote as Markdown."""
    return "\n".join([f"# {title}\n", *(grid.markdown for grid in _grids(report)), footnote(report), ""])


def as_csv(report: Report) -> str:
    """CSV with a line for each set, category, degradation, method and metric, with gain and share of worse pairs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ends = ("mean", "low", "high")
    writer.writerow(
        ["set", "category", "degradation", "method", "sources", "frames", "metric", *ends]
        + [f"gain_{end}" for end in ends]
        + ["worse"]
    )
    for row in report.rows:
        for metric, figure in row.figures.items():
            gain = row.gains.get(metric)
            writer.writerow(
                [row.set, row.category, row.degradation, row.method, row.sources, row.frames, metric]
                + [f"{value:.6f}" for value in (figure.mean, figure.low, figure.high)]
                + ([f"{value:.6f}" for value in (gain.mean, gain.low, gain.high)] if gain else ["", "", ""])
                + ([f"{row.worse[metric]:.4f}"] if metric in row.worse else [""])
            )
    return text.getvalue()


def as_json(report: Report) -> str:
    """JSON with rows, measurements by picture, costs, protocol, host, versions, commit and date."""
    found: dict[str, Any] = {
        "protocol": protocol(report.metrics),
        "notes": list(report.notes),
        "host": host_info(),
        "versions": versions(),
        "commit": commit(),
        "date": _today(),
        "rows": [asdict(row) for row in report.rows],
        "costs": [asdict(cost) for cost in report.costs],
        "measurements": [asdict(one) for one in report.measurements],
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def footnote(report: Report) -> str:
    """Protocol, host, versions, commit and date."""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    notes = "".join(f" {note[0].upper()}{note[1:]}." for note in report.notes)
    return (
        f"Protocol: {protocol(report.metrics)}.{notes} Measured on {host_info()}, {packages}, commit {commit()}, "
        f"{_today()}."
    )


def _grids(report: Report) -> Iterator[Grid]:
    for name in dict.fromkeys(row.set for row in report.rows):
        rows = [row for row in report.rows if (row.set, row.category) == (name, ALL)]
        others = [row for row in rows if row.method != INPUT]
        yield _pivot(f"{name}: PSNR in dB / SSIM", rows, _quality)
        if others:
            yield _pivot(f"{name}: gain over the input in PSNR, dB [95 %]", others, lambda r: _gain(r, "psnr"))
            yield _pivot(f"{name}: gain over the input in SSIM [95 %]", others, lambda r: _gain(r, "ssim"))
            yield _pivot(f"{name}: share worse than the input in either (PSNR, SSIM)", others, _worse)
        for metric in report.metrics:
            if metric not in ALWAYS:
                title = f"{name}: {METRICS[metric].title} ({_direction(metric)})"
                yield _pivot(title, rows, lambda r, m=metric: _figure(r.figures[m], m))  # type: ignore[misc]
        by_category = _summary([row for row in report.rows if row.set == name and row.category != ALL])
        if by_category:
            yield _pivot(f"{name}, by category: PSNR in dB / SSIM", by_category, _quality)
    if report.costs:
        yield _cost_grid(report.costs)


def _pivot(title: str, rows: Sequence[Row], cell: Callable[[Row], str]) -> Grid:
    """A row for each degradation (and category, if there are several), a column for each method."""
    methods = list(dict.fromkeys(row.method for row in rows))
    cells = {(_place(row), row.method): cell(row) for row in rows}
    counts = {_place(row): row.sources for row in rows}
    lines = [[name, str(count), *(cells[name, method] for method in methods)] for name, count in counts.items()]
    return Grid(title, ["degradation", "n", *methods], lines)


def _place(row: Row) -> str:
    return row.degradation if row.category == ALL else f"{row.category}, {row.degradation}"


def _summary(rows: Sequence[Row]) -> list[Row]:
    """Only the groups of degradations, if there are any, to keep the table of categories short."""
    groups = [row for row in rows if row.degradation in GROUPS]
    return groups or list(rows)


def _quality(row: Row) -> str:
    return f"{row.figures['psnr'].mean:.2f} / {row.figures['ssim'].mean:.4f}"


def _gain(row: Row, metric: str) -> str:
    gain, digits = row.gains[metric], METRICS[metric].decimals
    return f"{gain.mean:+.{digits}f} [{gain.low:+.{digits}f}, {gain.high:+.{digits}f}]"


def _worse(row: Row) -> str:
    return f"{row.worse['either']:.0%} ({row.worse['psnr']:.0%}, {row.worse['ssim']:.0%})"


def _figure(figure: Estimate, metric: str) -> str:
    digits = METRICS[metric].decimals
    return f"{figure.mean:.{digits}f} [{figure.low:.{digits}f}, {figure.high:.{digits}f}]"


def _direction(metric: str) -> str:
    return {"more": "more is better", "less": "less is better", "one": "1 is the truth's"}[METRICS[metric].better]


def _cost_grid(costs: Sequence[Cost]) -> Grid:
    columns = list(dict.fromkeys(timing.where for cost in costs for timing in cost.timings))
    lines = []
    for cost in costs:
        times = {timing.where: f"{timing.milliseconds:.1f}" for timing in cost.timings}
        lines.append(
            [
                cost.method,
                "" if cost.parameters is None else f"{cost.parameters:,}",
                "" if cost.mac_per_pixel is None else f"{cost.mac_per_pixel:,.0f}",
                *(times.get(column, "") for column in columns),
            ]
        )
    return Grid("Cost: median milliseconds a frame", ["method", "parameters", "MAC / px", *columns], lines)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
