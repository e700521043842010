"""`acutance-train hull`: the best size for a sender at equal bits."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from acutance.training.cli.evaluation.clips import Codecs
from acutance.training.cli.evaluation.memory import SHIPPED
from acutance.training.cli.options import console


def hull(
    data: Annotated[Path, typer.Argument(help="Folder of validation clips of at least 3.3 s.")],
    clips: Annotated[int, typer.Option(min=0, help="Number of clips, spread over the folder; 0 for all.")] = 0,
    codec: Codecs = None,
    bits: Annotated[
        list[float] | None, typer.Option("--bits", help="Bits per pixel of full size and frame. Repeatable.")
    ] = None,
    ratio: Annotated[
        list[float] | None, typer.Option("--ratio", help="Reduction of width and height by the sender. Repeatable.")
    ] = None,
    student: Annotated[str, typer.Option(help="Student that restores the frames.")] = "base",
    log: Annotated[
        Path | None, typer.Option(help="File of JSON lines, from which an interrupted run continues.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="File for the tables in Markdown.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Write the fitted rule to model/sender_size.json.")] = False,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
) -> None:
    """Measure JOD by bits, size and codec, in the first second and after it, with and without memory; fit the rule."""
    import torch

    from acutance.model.nets.reading import read_onnx
    from acutance.model.nets.student import fold
    from acutance.model.sender_size import FILE
    from acutance.training.data.clips import find_clips
    from acutance.training.data.pictures import DataError
    from acutance.training.evaluation.clips.settings import choose_codecs
    from acutance.training.evaluation.hull import measure, rule
    from acutance.training.evaluation.memory.report import markdown as as_markdown
    from acutance.training.run.console import progress_bar

    torch.set_num_threads(threads)
    files = find_clips(data)
    if not files:
        raise DataError(f"{data} has no clip")
    if clips:
        files = files[:: -(-len(files) // clips)]
    ratios = tuple(dict.fromkeys([1.0, *(ratio or measure.RATIOS)]))
    if any(not 1 <= one <= 4 for one in ratios) or any(one <= 0 for one in bits or []):
        raise DataError("a reduction is 1 to 4, and bits are above 0")
    grid = measure.Grid(choose_codecs(codec or []), tuple(dict.fromkeys(bits or measure.BITS)), ratios)
    with progress_bar(console, "measuring") as progress:
        points = measure.measure_hull(files, grid, student, fold(read_onnx(SHIPPED)), log, progress)
    table = rule.fit(points)
    grids = [*rule.grids(points), rule.rule_grid(table)]
    for one in grids:
        console.print(one.rich)
    if markdown is not None:
        command, _, tables = as_markdown(f"acutance-train {' '.join(sys.argv[1:])}", grids).partition("\n\n")
        markdown.write_text(f"{command}\n\n{rule.protocol(points, student)}\n\n{tables}", encoding="utf-8")
    if write:
        FILE.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
