"""`acutance-train figures`: crops side by side, and plots of quality against milliseconds."""

from pathlib import Path
from typing import Annotated

import typer

from acutance.training.cli.options import DATA, Data, FitOn, console, fitted
from acutance.training.data.pictures import DataError


def figures(
    methods: Annotated[
        list[str] | None,
        typer.Argument(help="Methods to show crops of, in this order, as for `evaluate`; the truth is added last."),
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder of the figures.")],
    degradation: Annotated[list[str] | None, typer.Option(help="Degradation of a figure of crops. Repeatable.")] = None,
    data: Data = DATA,
    fit_on: FitOn = None,
    plot: Annotated[
        list[Path] | None,
        typer.Option(help="JSON file of `evaluate --cost --json` to plot quality against time. Repeatable."),
    ] = None,
    plot_times: Annotated[
        Path | None, typer.Option(help="JSON file of `evaluate --cost --json` with the times, if not those of --plot.")
    ] = None,
    plot_set: Annotated[str, typer.Option(help="Set to plot; the first by default.")] = "",
    plot_degradation: Annotated[
        str, typer.Option(help="Degradation or group to plot, such as 'codecs up to 0.05'; the first by default.")
    ] = "",
    plot_where: Annotated[str, typer.Option(help="Column of the cost table with the times.")] = "CPU, 2 threads",
) -> None:
    """Draw crops of every method beside the truth, and plots of quality against milliseconds."""
    from acutance.training.degradation.degrade import Degradation
    from acutance.training.evaluation.crops import CROPS, strip
    from acutance.training.evaluation.figures import draw_plot, draw_strips, read_points
    from acutance.training.evaluation.methods.methods import choose_all, open_method
    from acutance.training.evaluation.testsets import expand

    if not methods and not plot:
        raise DataError("name methods for a figure of crops, or a JSON file with --plot")
    # All options are checked before anything is drawn.
    choices = choose_all(methods) if methods else []
    names = expand(degradation or ["bicubic2", "h264-0.05", "shrunk2-h264-0.05"])
    plots = [(file, read_points(file, plot_set, plot_degradation, plot_where, plot_times)) for file in plot or []]
    filters = fitted(fit_on, names, 1) if any(choice.kind == "linear" for choice in choices) else None
    opened = [open_method(choice, filters, threads=0) for choice in choices]
    out.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name in names if opened else []:
        how = Degradation.parse(name)
        file = out / f"crops-{name}.png"
        draw_strips([strip(crop, how, opened, data) for crop in CROPS], name, file)
        drawn.append(file)
    for source, points in plots:
        title = " ".join(part for part in (plot_set, plot_degradation) if part) or source.stem
        file = out / f"quality-per-millisecond-{source.stem}.png"
        draw_plot(points, f"{title} ({plot_where})", file)
        drawn.append(file)
    for file in drawn:
        console.print(str(file), highlight=False, markup=False, soft_wrap=True)
