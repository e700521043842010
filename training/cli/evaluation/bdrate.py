"""`acutance-train bdrate`: the bit rate saved at equal quality."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from acutance.training.cli.options import console
from acutance.training.data.pictures import DataError


def bdrate(
    results: Annotated[list[Path], typer.Argument(help="JSON files of `evaluate --json` on clips.")],
    regime: Annotated[str, typer.Option(help="steady, first_second, shrunk1.5, shrunk2 or shrunk3.")] = "steady",
    size: Annotated[Literal["native", "halved"], typer.Option(help="Size at which the clips were judged.")] = "native",
    most_bits: Annotated[
        float, typer.Option(min=0, help="Highest setting to use, in bits per pixel: above it the measures saturate.")
    ] = 0.1,
    method: Annotated[
        list[str] | None, typer.Option(help="A method to compare with the input. Repeatable; default all.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write the tables to this Markdown file.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Also draw a plot to this PNG file.")] = None,
) -> None:
    """Print the BD-rate of each student at equal PSNR, VMAF-NEG and JOD: by codec, with intervals, and by clip."""
    from acutance.training.evaluation.bdrate.plot import draw
    from acutance.training.evaluation.bdrate.report import Report, show
    from acutance.training.evaluation.bdrate.report import markdown as as_markdown
    from acutance.training.evaluation.bdrate.savings import Choice, savings
    from acutance.training.judge.results import read_results

    for file in (markdown, plot):
        if file and not file.resolve().parent.is_dir():
            raise DataError(f"{file} cannot be written: missing folder {file.resolve().parent}")
    read = {file.name: read_results(file) for file in results}
    choice = Choice(regime, size, most_bits, tuple(method or ()))
    rows = [row for one in read.values() for row in one.rows]
    report = Report(savings(rows, choice), choice, {name: one.about for name, one in read.items()})
    show(console, report)
    if plot:
        draw(report, plot)
    if markdown:
        markdown.write_text(as_markdown(report, plot.name if plot else ""), encoding="utf-8")
