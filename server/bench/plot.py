"""The plot of `acutance bench report --plot`: the figures of several hosts beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from acutance.server.bench.errors import BenchError
from acutance.server.bench.log import Run, host_of, model_rows

_MARKERS = "osD^vPX*<>"
_SPREAD = 0.6  # share of the width of a size over which the points of several hosts are spread
_WIDE = 20  # ratio of largest to smallest value above which the axis is logarithmic, so that small ones are visible


@dataclass(frozen=True)
class Point:
    """One figure.

    Attributes:
        size: width and height, such as ``640x360``.
        value: of the vertical axis.
        host: number of the host, shown as a colour.
        kind: codec, or student and provider, shown as a marker.
    """

    size: str
    value: float
    host: int
    kind: str


def plot(runs: Sequence[Run], file: Path) -> None:
    """Draw frame rate and latency of streams, and milliseconds per frame of models, by size; one colour per host.

    Raises:
        BenchError: the logs have nothing to draw, or the file cannot be written.
    """
    hosts = list(dict.fromkeys(map(host_of, runs)))
    panels = {title: points for title, points in _panels(runs, hosts).items() if points}
    if not panels:
        raise BenchError("these logs have no runs of `bench stream` or `bench model` to plot")
    figure = Figure(figsize=(5 * len(panels), 5.5), layout="constrained")
    for axes, (title, points) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        _draw(axes, points)
        axes.set_title(title)
    figure.supxlabel("\n".join(f"host {number}: {name}" for number, name in enumerate(hosts, 1)), fontsize=8)
    try:
        figure.savefig(file, dpi=120)
    except (OSError, ValueError) as error:
        raise BenchError(f"cannot write the plot to {file}: {error}") from error


def _panels(runs: Sequence[Run], hosts: Sequence[str]) -> dict[str, list[Point]]:
    panels: dict[str, list[Point]] = {
        "frames/s": [],
        "latency, 95th percentile, ms": [],
        "student, median ms per frame": [],
    }
    rates, latencies, models = panels.values()
    for run in runs:
        number = 1 + hosts.index(host_of(run))
        if run["benchmark"] == "stream":
            options, figures = run["options"], run["figures"]
            rates.append(Point(options["size"], figures["frame_rate"], number, options["codec"]))
            latencies.append(Point(options["size"], figures["latency_ms"]["p95"], number, options["codec"]))
            continue
        for row in model_rows(run):
            median = next((value for name, value in row.items() if "p50" in name), None)
            if median is not None:
                models.append(Point(row["size"], median, number, f"{row['student']} on {row['provider']}"))
    return {"frames/s": rates, "latency, 95th percentile, ms": latencies, "student, median ms per frame": models}


def _draw(axes: Axes, points: Sequence[Point]) -> None:
    sizes = sorted({point.size for point in points}, key=_pixels)
    kinds = sorted({point.kind for point in points})
    groups = sorted({(point.host, point.kind) for point in points})
    for place, (host, kind) in enumerate(groups):
        shift = _SPREAD * ((place + 0.5) / len(groups) - 0.5)
        own = [point for point in points if (point.host, point.kind) == (host, kind)]
        axes.plot(
            [sizes.index(point.size) + shift for point in own],
            [point.value for point in own],
            _MARKERS[kinds.index(kind) % len(_MARKERS)],
            color=f"C{host - 1}",
            label=f"host {host}, {kind}",
            alpha=0.8,
        )
    axes.set_xticks(range(len(sizes)), sizes)
    axes.set_xlim(-0.5, len(sizes) - 0.5)
    values = [point.value for point in points]
    if min(values) > 0 and max(values) > _WIDE * min(values):
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    axes.grid(axis="y", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    # Below the axes: a legend with every student does not fit inside.
    axes.legend(fontsize=7, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.07), frameon=False)


def _pixels(size: str) -> int:
    width, height = size.split("x")
    return int(width) * int(height)
