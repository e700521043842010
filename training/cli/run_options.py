"""Options that the commands which train have in common."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from acutance.model.processors import usable_threads

CORES = usable_threads()

Out = Annotated[Path, typer.Option(help="Folder of the run: checkpoints, record, logs, samples.")]
Data = Annotated[Path | None, typer.Option(help="A training set that `prepare` wrote.")]
Recipe = Annotated[str | None, typer.Option(help="A shipped recipe's name, or a TOML file.")]
Init = Annotated[Path | None, typer.Option(help="A checkpoint of the same shape whose weights to start from.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint of --out.")]
Steps = Annotated[int | None, typer.Option(min=1, help="Length of the run, instead of the recipe's.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another value for a key of the recipe: section.key=value; repeatable."),
]
Threads = Annotated[int, typer.Option(min=1, help="Threads of a process; one is the fastest for a small student.")]
Processes = Annotated[int, typer.Option(min=1, help="Processes that make pairs.")]
Accelerator = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")]
Devices = Annotated[int, typer.Option(min=1, help="GPUs, or processes on the CPU, that share every batch.")]
Nodes = Annotated[int, typer.Option(min=1, help="Machines; start the command on each with torchrun.")]
Precision = Annotated[Literal["32-true", "bf16-mixed", "16-mixed"], typer.Option(help="Of the arithmetic.")]


def console() -> Console:
    """Where a run speaks. A log has no width, and a line that is folded there cannot be searched."""
    return Console(width=None if sys.stdout.isatty() else 140)
