"""Figures by matplotlib, without a display: crops side by side, and plots of quality against milliseconds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from acutance.training.data.pictures import DataError
from acutance.training.evaluation.crops import Strip
from acutance.training.evaluation.rows import ALL

# Okabe and Ito 2008: distinguishable with any colour vision and, with the markers, in print.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX*"
_ENLARGED = 3
_DPI = 100


def draw_strips(strips: Sequence[Strip], title: str, file: Path) -> None:
    """Draw a row for each strip, enlarged three times without smoothing, with SSIM; writes PNG and captions (.txt)."""
    columns = max(len(strip.panels) for strip in strips)
    height, width = strips[0].panels[0].luma.shape
    cell = (width * _ENLARGED / _DPI + 0.1, height * _ENLARGED / _DPI + 0.32)
    figure = Figure(figsize=(cell[0] * columns + 0.3, cell[1] * len(strips) + 0.4), dpi=_DPI, layout="constrained")
    figure.suptitle(title, fontsize=12)
    axes = figure.subplots(len(strips), columns, squeeze=False)
    for line, strip in zip(axes, strips, strict=True):
        line[0].set_ylabel(strip.title, fontsize=11)
        for place, panel in zip(line, strip.panels, strict=True):
            place.imshow(panel.luma, cmap="gray", vmin=16, vmax=235, interpolation="nearest")
            figures = "" if panel.ssim is None else f"  SSIM {panel.ssim:.4f}"
            place.set_title(f"{panel.title}{figures}", fontsize=10, pad=3)
            place.set_xticks([])
            place.set_yticks([])
    _save(figure, file)
    file.with_suffix(".txt").write_text("\n".join(strip.credit for strip in strips) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Point:
    """A method in the plot: milliseconds per frame, and mean, low and high end of its gain in PSNR (dB) and SSIM."""

    method: str
    milliseconds: float
    psnr: tuple[float, float, float]
    ssim: tuple[float, float, float]


def read_points(file: Path, set_name: str, degradation: str, where: str, timed: Path | None = None) -> list[Point]:
    """Read the points of the plot from the output of `evaluate --cost --json`.

    Args:
        file: The JSON file.
        set_name: Name of a set in the tables, such as `clips/test`; empty for the first.
        degradation: Name of a degradation or group; empty for the first.
        where: Beginning of the title of a timing, such as `CPU, 2 threads`.
        timed: Another such file with the times: quality can be measured on a busy host, times cannot.

    Raises:
        DataError: The file was not written by `evaluate --json`, or has no such set, degradation or timing.
    """
    rows, costs = _read(file, "rows"), _read(timed or file, "costs")
    times = {c["method"]: t["milliseconds"] for c in costs for t in c["timings"] if t["where"].startswith(where)}
    if not times:
        raise DataError(f"{timed or file} has no timings on {where!r}: run `evaluate` with --cost")
    rows = [row for row in rows if row["category"] == ALL]
    rows = [row for row in rows if row["set"] == (set_name or rows[0]["set"])]
    rows = [row for row in rows if row["degradation"] == (degradation or rows[0]["degradation"])]
    points = [
        Point(row["method"], times[row["method"]], *(_ends(row["gains"][metric]) for metric in ("psnr", "ssim")))
        for row in rows
        if row["method"] in times
    ]
    if not points:
        raise DataError(f"{file} has no results of a timed method on {f'{set_name} {degradation}'.strip()}")
    return points


def draw_plot(points: Sequence[Point], title: str, file: Path) -> None:
    """Draw the gain over the input against milliseconds per frame (logarithmic), for PSNR and SSIM; writes a PNG."""
    figure = Figure(figsize=(11, 4.6), dpi=130, layout="constrained")
    figure.suptitle(title, fontsize=12)
    for axes, metric in zip(figure.subplots(1, 2), ("psnr", "ssim"), strict=True):
        for index, point in enumerate(points):
            mean, low, high = point.psnr if metric == "psnr" else point.ssim
            axes.errorbar(
                point.milliseconds,
                mean,
                yerr=[[mean - low], [high - mean]],
                fmt=MARKERS[index % len(MARKERS)],
                color=COLOURS[index % len(COLOURS)],
                markersize=8,
                capsize=3,
                elinewidth=1,
                label=point.method,
            )
        axes.axhline(0, color="0.5", linewidth=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("milliseconds per frame")
        axes.set_ylabel("gain over the input, dB PSNR" if metric == "psnr" else "gain over the input, SSIM")
        axes.grid(visible=True, which="both", color="0.9")
        axes.set_axisbelow(True)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right center", fontsize=9)
    _save(figure, file)


def _read(file: Path, part: str) -> list[dict[str, Any]]:
    try:
        read: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))[part]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{file} was not written by `evaluate --json` ({error})") from None
    return read


def _ends(gain: dict[str, float]) -> tuple[float, float, float]:
    return gain["mean"], gain["low"], gain["high"]


def _save(figure: Figure, file: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(file, metadata={"Software": "acutance-train"})
