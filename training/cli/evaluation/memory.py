"""`acutance-train memory`: gains of students from what is remembered, and a check that nothing old is shown as new."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acutance.model.engine.catalog import MEMORY, WEIGHTS
from acutance.training.cli.options import console

if TYPE_CHECKING:
    from torch import nn

    from acutance.model.nets.student import Student
    from acutance.training.data.dataset import TrainingSet
    from acutance.training.data.planes import Luma
    from acutance.training.degradation.degrade import DegradedFrame

SHIPPED = WEIGHTS / f"{MEMORY}.onnx"
SMALL = "small"
"""Student before the memory in a figure, by default."""


def memory(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Runs, checkpoints or ONNX files of students that take a plate; by default the shipped."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A prepared set: gains on the clips of its validation split.")
    ] = None,
    student: Annotated[
        list[str] | None,
        typer.Option(help="Student that sharpens the frames before, or `pass` for none. Repeatable; gains: all."),
    ] = None,
    setting: Annotated[list[str] | None, typer.Option(help="Degradation after the drop. Repeatable.")] = None,
    width: Annotated[int, typer.Option(min=64, help="Largest width of an evaluated frame, for gains.")] = 448,
    height: Annotated[int, typer.Option(min=64, help="Largest height of an evaluated frame, for gains.")] = 320,
    jod: Annotated[bool, typer.Option("--jod", help="Measure JOD too, of every frame of the second.")] = False,
    last: Annotated[bool, typer.Option("--last", help="Evaluate the last second of each clip, not the first.")] = False,
    best: Annotated[
        bool, typer.Option("--best", help="Measure the gain of a gate that knows the truth too: the limit of students.")
    ] = False,
    copy: Annotated[bool, typer.Option("--copy", help="Check a copy of the plate too: the worst of students.")] = False,
    figure: Annotated[
        Path | None, typer.Option(help="PNG file for crops before and after, with --data; nothing else is measured.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="File for the tables in Markdown.")] = None,
    aligned: Annotated[bool, typer.Option(help="Align the plate in the check.")] = True,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
) -> None:
    """Measure the gain from what is remembered (with --data), or look for old content at changed places of scenes."""
    import torch

    from acutance.training.data.dataset import TrainingSet
    from acutance.training.degradation.blind import PASS
    from acutance.training.evaluation.memory import gains, integrity, report
    from acutance.training.evaluation.memory.changes import changed_things

    torch.set_num_threads(threads)
    students = dict(map(_opened, runs or [SHIPPED]))
    grids: list[report.Grid] = []
    if data is not None and figure is not None:
        _draw(
            figure,
            TrainingSet.open(data),
            next(iter(students.values())),
            (student or [SMALL])[0],
            setting,
            (width, height),
        )
    elif data is not None:
        source, size = TrainingSet.open(data), (width, height)
        befores = student or list(gains.STUDENTS)
        measured = gains.measure_gains(
            source, students, befores, setting or gains.SETTINGS, size, jods=jod, last=last, best=best
        )
        grids += report.gain_grids(measured, befores[-1])
    else:
        checks: dict[str, Callable[[DegradedFrame], Luma]] = {
            name: partial(_restored, network, (student or [PASS])[0]) for name, network in students.items()
        }
        if copy:
            checks["a copy of the plate"] = integrity.offered
        for name, restore in checks.items():
            settings = setting or integrity.SETTINGS
            results = integrity.measure(changed_things(), settings, restore, aligned=aligned)
            grids.append(report.integrity_grid(name, results))
    for grid in grids:
        console.print(grid.rich)
    if markdown is not None:
        arguments = " ".join(sys.argv[1:])
        markdown.write_text(report.markdown(f"acutance-train {arguments}", grids), encoding="utf-8")


def _draw(
    file: Path, source: "TrainingSet", memory: "Student", student: str, setting: list[str] | None, size: tuple[int, int]
) -> None:
    """Draw the crops of a figure; writes PNG and captions (.txt)."""
    from acutance.training.evaluation.figures import draw_strips
    from acutance.training.evaluation.memory.figure import strips
    from acutance.training.evaluation.memory.gains import SETTINGS

    name = (setting or SETTINGS)[0]
    draw_strips(strips(source, memory, student, name, size), f"half a second after the drop to {name}", file)


def _opened(file: Path) -> "tuple[str, Student]":
    """Open one student that takes a plate, with its name.

    Raises:
        DataError: It takes no plate.
    """
    from acutance.model.nets.reading import read_onnx
    from acutance.model.nets.student import Student, fold
    from acutance.training.checkpoints.checkpoint import load_network
    from acutance.training.checkpoints.run_record import Checkpoint
    from acutance.training.data.pictures import DataError

    if file.suffix == ".onnx":
        network: nn.Module = read_onnx(file)
    else:
        network, _ = load_network(file if file.is_file() else Checkpoint.LAST.file(file))
    if not isinstance(network, Student) or not network.shape.plate:
        raise DataError(f"{file} takes no plate: name a run of a recipe like memory_nano, or leave it out")
    return file.stem, fold(network)


def _restored(network: "Student", student: str, frame: "DegradedFrame") -> "Luma":
    """Return a frame as a student leaves it, and then as a student that takes the plate does."""
    from acutance.training.degradation.blind import after_student
    from acutance.training.run.validation import sharpened

    return sharpened(network, after_student(frame, student))
