"""`acutance-train distil`: train a student on pairs and, if the recipe has such losses, from a teacher."""

from pathlib import Path
from typing import Annotated

import typer

from acutance.training.cli import run_options as options

STOPPED = 130
"""Exit status of a run that a signal stopped, as in shells for Ctrl-C."""


def distil(
    out: options.Out,
    data: options.Data = None,
    recipe: options.Recipe = None,
    teacher: Annotated[
        Path | None,
        typer.Option(help="Teacher: a teacher.safetensors, a checkpoint, or a network that spandrel recognises."),
    ] = None,
    init: options.Init = None,
    perceptual_weights: Annotated[
        Path | None,
        typer.Option(help="torchvision's weights of VGG16, VGG19 or SqueezeNet 1.1, for the perceptual loss."),
    ] = None,
    resume: options.Resume = False,
    steps: options.Steps = None,
    changes: options.Set = None,
    threads: options.Threads = 1,
    processes: options.Processes = options.CORES,
    accelerator: options.Accelerator = "auto",
    devices: options.Devices = 1,
    nodes: options.Nodes = 1,
    precision: options.Precision = "32-true",
) -> None:
    """Train a student on a prepared set. The recipe names the losses; some of them need a teacher."""
    from acutance.training.run.run_options import RunOptions
    from acutance.training.run.training_run import train

    run_options = RunOptions(
        command="distil",
        out=out,
        data=data,
        recipe=recipe or (None if resume else "call_base"),
        overrides=tuple(changes or ()),
        steps=steps,
        teacher=teacher,
        init=init,
        perceptual_weights=perceptual_weights,
        resume=resume,
        threads=threads,
        processes=processes,
        accelerator=accelerator,
        devices=devices,
        nodes=nodes,
        precision=precision,
    )
    if not train(run_options, options.console()):
        raise typer.Exit(STOPPED)
