"""`acutance-train compare`: judge videos against their reference."""

import json as encoder
from pathlib import Path
from typing import Annotated

import typer

from acutance.training.cli.options import console
from acutance.training.data.pictures import DataError

Display = Annotated[
    str, typer.Option(help="Display of JOD: a name of the package cvvdp, or the pixels per degree of vision.")
]
JodFrames = Annotated[
    int, typer.Option(min=0, help="Consecutive frames that JOD judges, 0 for all: half a second each at 640x360.")
]
Measures = Annotated[
    list[str] | None,
    typer.Option(
        "--measure", help="jod, vmaf_neg, vmaf, psnr_y, ssim_y, psnr_u, psnr_v, flicker. Repeatable; default all."
    ),
]
Without = Annotated[list[str] | None, typer.Option(help="A measure to leave out, as for --measure. Repeatable.")]
DISPLAY, JOD_FRAMES = "standard_fhd", 24


def compare(
    reference: Annotated[Path, typer.Argument(help="The source video.")],
    tests: Annotated[
        list[Path], typer.Argument(help="The videos to judge: the same size, and frame i shows the same moment.")
    ],
    measure: Measures = None,
    without: Without = None,
    display: Display = DISPLAY,
    jod_frames: JodFrames = JOD_FRAMES,
    halved: Annotated[
        bool, typer.Option("--halved", help="Halve both videos first, which is four times as fast.")
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each video instead of a table.")
    ] = False,
) -> None:
    """Judge videos against their reference frame by frame: JOD, VMAF, VMAF-NEG, PSNR, SSIM and static flicker."""
    from rich.table import Table

    from acutance.training.judge.jod import parse_display
    from acutance.training.judge.judge import MEASURES, Options, choose, judge, protocol
    from acutance.training.judge.video import read_video

    names = choose(measure or (), without or ())
    options, original = Options(display, jod_frames), read_video(reference)
    if "jod" in names:
        parse_display(display)
    source = original.halved() if halved else original
    width, height = source.size
    about = {"width": width, "height": height, "fps": source.fps, "frames": len(source)}
    columns: list[dict[str, float]] = []
    for test in tests:
        ours = read_video(test)
        if abs(source.fps - ours.fps) > 0.01:
            raise DataError(
                f"{reference} has {source.fps:g} frames/s and {test} {ours.fps:g}: they do not show the same moments"
            )
        figures = judge(source, ours.halved() if halved else ours, names, options)
        columns.append(figures)
        if json:
            found = {"reference": str(reference), "test": str(test), **about, "protocol": protocol(names, options)}
            typer.echo(encoder.dumps({**found, "figures": {name: round(value, 5) for name, value in figures.items()}}))
    if json:
        return
    table = Table("measure", "better")
    for test in tests:
        table.add_column(test.name, justify="right")
    for name in columns[0]:
        values = [f"{column[name]:.{MEASURES[name].decimals}f}" for column in columns]
        table.add_row(MEASURES[name].title, MEASURES[name].better, *values)
    console.print(table)
    console.print(
        f"{width}x{height}, {source.fps:g} frames/s, {len(source)} frames. {protocol(names, options)}.",
        highlight=False, markup=False, soft_wrap=True,
    )  # fmt: skip
