"""The plot of the report: scores with their intervals."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from acutance.server.study.errors import StudyError
from acutance.server.study.report.results import Estimate, Results

_ROW_INCHES = 0.28


def plot(results: Results, file: Path) -> None:
    """Draw the means above the clips.

    Raises:
        StudyError: the file cannot be written.
    """
    ccr = results.method == "ccr"
    means = results.differences if ccr else results.absolute
    rows = len(means) + len(results.stimuli)
    figure = Figure(figsize=(8, 1.8 + _ROW_INCHES * (rows + 2)), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[len(means) + 1, len(results.stimuli) + 1])
    _draw(upper, means, "C0")
    _draw(lower, results.stimuli, "C7")
    upper.set_title(f"{results.title}: mean of the clips", fontsize=10)
    lower.set_title("each clip", fontsize=10)
    lower.set_xlabel("CMOS: -3 much worse … +3 much better" if ccr else "MOS: 1 bad … 5 excellent")
    for axes in (upper, lower):
        if ccr:
            axes.axvline(0, color="black", linewidth=0.8)
    try:
        figure.savefig(file, dpi=120)
    except (OSError, ValueError) as error:
        raise StudyError(f"cannot write the plot to {file}: {error}") from error


def _draw(axes: Axes, estimates: Sequence[Estimate], colour: str) -> None:
    places = range(len(estimates))
    axes.errorbar(
        [each.score for each in estimates],
        places,
        xerr=[[each.score - each.low for each in estimates], [each.high - each.score for each in estimates]],
        fmt="o",
        color=colour,
        capsize=3,
        markersize=4,
    )
    axes.set_yticks(places, [each.name for each in estimates], fontsize=8)
    axes.set_ylim(len(estimates) - 0.5, -0.5)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
