"""`acutance-train teacher`: train a deep network to distil students from, or convert one from a file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from acutance.training.cli import run_options as options
from acutance.training.cli.distil import STOPPED


def teacher(
    out: options.Out,
    data: options.Data = None,
    recipe: options.Recipe = None,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Use this network instead of training one: a checkpoint, or weights that spandrel recognises.",
        ),
    ] = None,
    init: options.Init = None,
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
    """Train a teacher on a prepared set, or convert one; writes OUT/teacher.safetensors for `distil --teacher`."""
    from acutance.training.run.run_options import RunOptions
    from acutance.training.run.training_run import train

    console = options.console()
    if source is not None:
        _convert(source, out, data, recipe or "teacher_call", console)
        return
    run_options = RunOptions(
        command="teacher",
        out=out,
        data=data,
        recipe=recipe or (None if resume else "teacher_call"),
        overrides=tuple(changes or ()),
        steps=steps,
        init=init,
        resume=resume,
        threads=threads,
        processes=processes,
        accelerator=accelerator,
        devices=devices,
        nodes=nodes,
        precision=precision,
    )
    if not train(run_options, console):
        raise typer.Exit(STOPPED)


def _convert(source: Path, out: Path, data: Path | None, recipe: str, console: Console) -> None:
    """Write an existing network as a teacher file, and validate it if a set is given."""
    from acutance.training.data.dataset import TrainingSet
    from acutance.training.recipes.recipe import load_recipe
    from acutance.training.run.console import RunReport, progress_bar
    from acutance.training.run.validation import Validation
    from acutance.training.teachers.teachers import FILE, load_teacher, write_teacher

    out.mkdir(parents=True, exist_ok=True)
    write_teacher(source, out / FILE, {"from": str(source)})
    loaded = load_teacher(out / FILE)
    console.print(f"teacher {loaded.name}: {out / FILE}", highlight=False, markup=False, soft_wrap=True)
    if data is not None:
        with progress_bar(console, "validation") as progress:
            validation = Validation(TrainingSet.open(data), load_recipe(recipe).validation, progress)
        scores = validation.evaluate(loaded.module)
        RunReport(console, "teacher").validated(0, scores, validation.value(scores), best=False)
