"""Options that `teacher`, `distil` and `study` share, and the run that they start."""

import functools
import inspect
import sys
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from acutance.model.processors import usable_threads

CORES = usable_threads()
STOPPED = 130
"""Exit status of a run that a signal stopped, as in shells for Ctrl-C."""

Out = Annotated[Path, typer.Option(help="Folder of the run: checkpoints, record, logs, samples.")]
Data = Annotated[Path | None, typer.Option(help="Training set made by `prepare`.")]
Recipe = Annotated[str | None, typer.Option(help="Name of a shipped recipe, or a TOML file.")]
Init = Annotated[
    Path | None,
    typer.Option(help="Checkpoint or exported student (.onnx) of the same shape to start from, weights only."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue from the last checkpoint in --out.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Number of steps, instead of the recipe's.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Set a key of the recipe: section.key=value. Repeatable."),
]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads of each process; one is fastest for a small student.")]
Processes = Annotated[int, typer.Option(min=1, help="Number of processes that make pairs.")]
Accelerator = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Kind of device to train on.")]
Devices = Annotated[int, typer.Option(min=1, help="Number of GPUs, or of processes on the CPU, that share each batch.")]
Nodes = Annotated[int, typer.Option(min=1, help="Number of hosts; under torchrun, that decides.")]
Precision = Annotated[Literal["32-true", "bf16-mixed", "16-mixed"], typer.Option(help="Precision of the arithmetic.")]


def console() -> Console:
    """The console of a run; 140 columns wide in a log, because wrapped lines cannot be searched."""
    return Console(width=None if sys.stdout.isatty() else 140)


@dataclass(frozen=True)
class TrainingOptions:
    """The options that `teacher` and `distil` share."""

    out: Out
    data: Data = None
    recipe: Recipe = None
    init: Init = None
    resume: Resume = False
    steps: Steps = None
    changes: Set = None
    threads: Threads = 1
    processes: Processes = CORES
    accelerator: Accelerator = "auto"
    devices: Devices = 1
    nodes: Nodes = 1
    precision: Precision = "32-true"


def with_training_options(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command that takes `TrainingOptions` first: each of them becomes an option of the command line."""
    shared = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if field.default is MISSING else field.default,
            annotation=field.type,
        )
        for field in fields(TrainingOptions)
    ]
    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(command).parameters.values())[1:]
    ]

    names = [field.name for field in fields(TrainingOptions)]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        command(TrainingOptions(**{name: values.pop(name) for name in names if name in values}), **values)

    # Typer reads the options of a command from both.
    run.__signature__ = inspect.Signature([*shared, *own])  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*shared, *own)}
    return run


def train(
    options: TrainingOptions,
    command: Literal["distil", "teacher"],
    recipe: str,
    teacher: Path | None = None,
    perceptual_weights: Path | None = None,
) -> None:
    """Start or resume a run; ends the program with status `STOPPED` if a signal stopped it.

    Args:
        options: The options that both commands have.
        command: The command.
        recipe: The recipe of a new run without --recipe.
        teacher: File of the teacher, or None.
        perceptual_weights: File of the classifier of the perceptual loss, or None.

    Raises:
        DataError: The options, the data or a checkpoint cannot be used, or training failed.
    """
    from acutance.training.run.run_options import RunOptions
    from acutance.training.run.training_run import train as train_run

    run_options = RunOptions(
        command=command,
        out=options.out,
        data=options.data,
        recipe=options.recipe or (None if options.resume else recipe),
        overrides=tuple(options.changes or ()),
        steps=options.steps,
        teacher=teacher,
        init=options.init,
        perceptual_weights=perceptual_weights,
        resume=options.resume,
        threads=options.threads,
        processes=options.processes,
        accelerator=options.accelerator,
        devices=options.devices,
        nodes=options.nodes,
        precision=options.precision,
    )
    if not train_run(run_options, console()):
        raise typer.Exit(STOPPED)
