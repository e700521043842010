"""`acutance-train adapt`: fit a student further to one recorded call."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from acutance.model.processors import usable_threads
from acutance.training.cli import run_options
from acutance.training.cli.run_options import STOPPED


def adapt(
    clip: Annotated[Path, typer.Option(help="The recorded call, as it arrived over a good connection.")],
    out: Annotated[Path, typer.Option(help="ONNX file to write; its model card (JSON) is written beside it.")],
    start: Annotated[
        Path,
        typer.Option(
            "--from",
            help="Exported student (.onnx) to start from. A name that ends in -enlarged is for frames that the sender "
            "reduced; a student that takes the plate of a memory stays one.",
        ),
    ],
    share: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of the clip, from its start, to use.")] = 1.0,
    kept: Annotated[
        float,
        typer.Option(min=0.05, max=0.5, help="Share of that part, at its end, that is kept aside to judge the result."),
    ] = 0.2,
    most: Annotated[int, typer.Option(min=48, help="Most frames to use; the last ones of that part.")] = 1800,
    steps: Annotated[int | None, typer.Option(min=1, help="Number of training steps, instead of the recipe's.")] = None,
    processes: Annotated[
        int, typer.Option(min=1, help="Number of processes that make training pairs.")
    ] = usable_threads(),
    changes: run_options.Set = None,
    work: Annotated[
        Path | None, typer.Option(help="Empty folder for the training set and the run; by default a temporary one.")
    ] = None,
) -> None:
    """Fit a student further to one recorded call. Nothing is written unless it is better on frames kept aside."""
    from acutance.training.adaptation.adapt import Adaptation
    from acutance.training.adaptation.adapt import adapt as fit
    from acutance.training.run.console import progress_bar

    console = run_options.console()
    with tempfile.TemporaryDirectory(prefix="acutance-adapt-") as scratch:
        how = Adaptation(clip, start, out, work or Path(scratch) / "work", share, kept, most, steps, processes)
        how = replace(how, changes=tuple(changes or ()))
        scores = fit(how, console, lambda what: progress_bar(console, what))
    if scores is None:
        raise typer.Exit(STOPPED)
    after, before = scores
    console.print(
        f"{out}: {after.gain_psnr:+.2f} dB on the frames kept aside; {start}: {before.gain_psnr:+.2f} dB",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
