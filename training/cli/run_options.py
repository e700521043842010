"""Options that `teacher`, `distil` and `study` share."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from acutance.model.processors import usable_threads

CORES = usable_threads()

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
Nodes = Annotated[int, typer.Option(min=1, help="Number of hosts; start the command on each with torchrun.")]
Precision = Annotated[Literal["32-true", "bf16-mixed", "16-mixed"], typer.Option(help="Precision of the arithmetic.")]


def console() -> Console:
    """The console of a run; 140 columns wide in a log, because wrapped lines cannot be searched."""
    return Console(width=None if sys.stdout.isatty() else 140)
