"""The tables of BD-rates, on the console and as Markdown."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from acutance.training.evaluation.bdrate.curves import BD_RATE_KIND
from acutance.training.evaluation.bdrate.savings import Choice, Mean, Saving, means
from acutance.training.evaluation.bootstrap import INTERVAL_KIND
from acutance.training.evaluation.markdown import markdown_table
from acutance.training.judge.judge import MEASURES

CODECS = {"h264": "H.264", "vp8": "VP8"}


@dataclass(frozen=True)
class Report:
    """What the tables show.

    Attributes:
        savings: Of every codec, clip, method and measure.
        choice: The rows that they were computed from.
        about: By file, how its rows were measured, see `acutance.training.judge.results.Results`.
        means: Of `savings`.
    """

    savings: Sequence[Saving]
    choice: Choice
    about: Mapping[str, Mapping[str, Any]]
    means: dict[tuple[str, str, str], Mean] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "means", means(self.savings))

    def names(self, attribute: str) -> list[str]:
        """The values of an attribute of the savings, in their order."""
        return list(dict.fromkeys(getattr(saving, attribute) for saving in self.savings))


@dataclass(frozen=True)
class _Grid:
    title: str
    columns: list[str]
    lines: list[list[str]]


def show(console: Console, report: Report) -> None:
    """Print every table, the reasons and the footnote."""
    for grid in _grids(report):
        console.print(f"\n{grid.title}", highlight=False, markup=False, soft_wrap=True)
        table = Table()
        for index, column in enumerate(grid.columns):
            table.add_column(column, justify="left" if index == 0 else "right", no_wrap=True)
        for cells in grid.lines:
            table.add_row(*cells)
        console.print(table)
    for line in [*_reasons(report), footnote(report)]:
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def markdown(report: Report, plot: str = "") -> str:
    """Every table, the reasons and the footnote as Markdown, with the plot of this name if there is one."""
    parts = [
        "# Bit rate saved\n",
        "BD-rate, %: change of the sender's bit rate at equal quality. At -5 the student's output has the quality that "
        f"arrived with 5 % fewer bits; a positive number is a loss. {_setting(report)}.\n",
    ]
    if plot:
        parts.append(f"![BD-rate of each student, by codec and measure: dots are clips, bars 95 % intervals]({plot})\n")
    for grid in _grids(report):
        parts.append(f"## {grid.title}\n\n{markdown_table(grid.columns, grid.lines)}")
    reasons = list(_reasons(report))
    if reasons:
        parts.append("\n".join(["## Why a number is missing\n", *(f"- {reason}" for reason in reasons), ""]))
    return "\n".join([*parts, footnote(report), ""])


def footnote(report: Report) -> str:
    """Protocol, files, host, versions, commit and date."""
    made = []
    for file, about in report.about.items():
        versions = ", ".join(f"{name} {version}" for name, version in dict(about.get("versions", {})).items())
        made.append(
            f"{file}: `{about.get('command')}`, measured on {about.get('machine')}, {versions}, "
            f"commit {about.get('commit')}, {about.get('date')}"
        )
    measured = dict.fromkeys(str(about.get("protocol")) for about in report.about.values())
    return f"Protocol: {BD_RATE_KIND}; {INTERVAL_KIND}; {'; '.join(measured)}. {'. '.join(made)}."


def _grids(report: Report) -> Iterator[_Grid]:
    methods, measures = report.names("method"), report.names("measure")
    titles = [MEASURES[measure].title for measure in measures]
    for codec in report.names("codec"):
        mean = _by_measure(report, codec, _interval)
        yield _Grid(f"{CODECS[codec]}: mean over clips [95 %]", ["student", *titles], mean)
        worst = _by_measure(report, codec, _worst)
        yield _Grid(f"{CODECS[codec]}: worst clip", ["student", *titles], worst)
    for codec in report.names("codec"):
        for measure, title in zip(measures, titles, strict=True):
            cells = {
                (saving.clip, saving.method): _percent(saving.bd_rate.percent)
                for saving in report.savings
                if (saving.codec, saving.measure) == (codec, measure)
            }
            lines = [[clip, *(cells.get((clip, one), "-") for one in methods)] for clip in report.names("clip")]
            yield _Grid(f"{CODECS[codec]} at equal {title}, by clip", ["clip", *methods], lines)


def _by_measure(report: Report, codec: str, cell: Callable[[Mean], str]) -> list[list[str]]:
    absent = Mean(None, None, 0, 0)
    return [
        [method, *(cell(report.means.get((codec, method, measure), absent)) for measure in report.names("measure"))]
        for method in report.names("method")
    ]


def _interval(mean: Mean) -> str:
    if mean.estimate is None:
        return "-"
    ends = f"{mean.estimate.mean:+.1f} [{mean.estimate.low:+.1f}, {mean.estimate.high:+.1f}]"
    return f"{ends}, {mean.clips} of {mean.clips + mean.without} clips" if mean.without else ends


def _worst(mean: Mean) -> str:
    return _percent(mean.worst)


def _percent(percent: float | None) -> str:
    return "-" if percent is None else f"{percent:+.1f}"


def _reasons(report: Report) -> Iterator[str]:
    """A sentence for each clip, codec, measure and reason, with the methods that it applies to."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for saving in report.savings:
        if saving.bd_rate.percent is None:
            place = (saving.clip, CODECS[saving.codec], MEASURES[saving.measure].title, saving.bd_rate.reason)
            found.setdefault(place, []).append(saving.method)
    for (clip, codec, title, reason), methods in found.items():
        yield f"{clip}, {codec}, {title}, {', '.join(methods)}: {reason}."


def _setting(report: Report) -> str:
    settings = []
    for codec in report.names("codec"):
        bits = sorted({each for saving in report.savings if saving.codec == codec for each in saving.bits})
        settings.append(f"{CODECS[codec]} at {', '.join(f'{each:g}' for each in bits)}")
    return (
        f"Regime {report.choice.regime}, {report.choice.size} size, {len(report.names('clip'))} clips; "
        f"{', '.join(settings)} bits per pixel; the bit rates are those really sent"
    )
