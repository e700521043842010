"""The plot of BD-rates, by matplotlib without a display."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from acutance.training.evaluation.bdrate.report import CODECS, Report
from acutance.training.evaluation.bdrate.savings import Mean
from acutance.training.evaluation.figures import COLOURS, MARKERS
from acutance.training.judge.judge import MEASURES

_SPREAD = 0.3  # of the dots of one student, as a share of the distance to the next one


def draw(report: Report, file: Path) -> None:
    """Draw a panel for each codec and measure: a dot for each clip, the mean and its 95 % interval; writes a PNG."""
    codecs, measures = report.names("codec"), report.names("measure")
    size = (3.4 * len(measures) + 0.6, 2.8 * len(codecs) + 0.5)
    figure = Figure(figsize=size, dpi=130, layout="constrained")
    figure.suptitle("Bit rate needed for the quality that arrived, change in % (below 0: saved)", fontsize=11)
    panels = figure.subplots(len(codecs), len(measures), squeeze=False, sharex=True, sharey="col")
    for line, codec in zip(panels, codecs, strict=True):
        for axes, measure in zip(line, measures, strict=True):
            for place, method in enumerate(report.names("method")):
                percents = [
                    saving.bd_rate.percent
                    for saving in report.savings
                    if (saving.codec, saving.measure, saving.method) == (codec, measure, method)
                ]
                _draw_method(
                    axes, place, [each for each in percents if each is not None], report.means[codec, method, measure]
                )
            axes.axhline(0, color="0.5", linewidth=1)
            axes.grid(visible=True, axis="y", color="0.9")
            axes.set_axisbelow(True)
            axes.set_xticks(range(len(report.names("method"))), report.names("method"))
            axes.set_xlim(-0.5, len(report.names("method")) - 0.5)
            axes.set_title(f"{CODECS[codec]}, at equal {MEASURES[measure].title.partition(',')[0]}", fontsize=10)
        line[0].set_ylabel("BD-rate, %")
    FigureCanvasAgg(figure)
    figure.savefig(file, metadata={"Software": "acutance-train"})


def _draw_method(axes: Axes, place: int, percents: Sequence[float], mean: Mean) -> None:
    colour, steps = COLOURS[place % len(COLOURS)], max(len(percents) - 1, 1)
    shifted = [place + 0.12 + _SPREAD * index / steps for index in range(len(percents))]
    axes.plot(shifted, percents, "o", color=colour, alpha=0.35, markersize=4, markeredgewidth=0)
    if mean.estimate is not None:
        middle, low, high = mean.estimate.mean, mean.estimate.low, mean.estimate.high
        axes.errorbar(
            place - 0.12,
            middle,
            yerr=[[middle - low], [high - middle]],
            fmt=MARKERS[place % len(MARKERS)],
            color=colour,
            markersize=7,
            capsize=3,
            elinewidth=1,
        )
