"""`acutance-train memory`: gains of students from what is remembered, and a check that nothing old is shown as new."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from acutance.training.cli.options import console

if TYPE_CHECKING:
    from acutance.model.nets.student import Student
    from acutance.training.data.planes import Luma
    from acutance.training.degradation.degrade import DegradedFrame
    from acutance.training.evaluation.memory.gains import Gain
    from acutance.training.evaluation.memory.integrity import Integrity


def memory(
    runs: Annotated[
        list[Path] | None,
        typer.Argument(help="Runs or checkpoints of students. Without one, a copy of the plate is checked."),
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
    jod: Annotated[bool, typer.Option("--jod", help="Measure JOD too, of every frame of the first second.")] = False,
    aligned: Annotated[bool, typer.Option(help="Align the plate in the check.")] = True,
    threads: Annotated[int, typer.Option(min=1, help="Threads of torch.")] = 1,
) -> None:
    """Measure the gain from what is remembered (with --data), or look for old content at changed places of scenes."""
    import torch

    from acutance.model.nets.student import Student, fold
    from acutance.training.checkpoints.checkpoint import load_network
    from acutance.training.checkpoints.run_record import Checkpoint
    from acutance.training.data.dataset import TrainingSet
    from acutance.training.data.pictures import DataError
    from acutance.training.degradation.blind import PASS
    from acutance.training.evaluation.memory import gains, integrity
    from acutance.training.evaluation.memory.changes import changed_things

    torch.set_num_threads(threads)
    students = {}
    for run in runs or []:
        network, _ = load_network(run if run.is_file() else Checkpoint.LAST.file(run))
        if not isinstance(network, Student):
            raise DataError(f"{run} is a teacher; only students take a plate")
        students[str(run)] = fold(network)
    if data is not None:
        if not students:
            raise DataError("name a run to measure gains")
        source, size = TrainingSet.open(data), (width, height)
        befores = student or list(gains.STUDENTS)
        measured = gains.measure_gains(source, students, befores, setting or gains.SETTINGS, size, jods=jod)
        console.print(_gain_table(measured))
        return
    checks: dict[str, Callable[[DegradedFrame], Luma]] = {
        name: partial(_restored, network, (student or [PASS])[0]) for name, network in students.items()
    }
    if not checks:
        checks["a copy of the plate"] = integrity.offered
    for name, restore in checks.items():
        settings = setting or integrity.SETTINGS
        console.print(_check_table(name, integrity.measure(changed_things(), settings, restore, aligned=aligned)))


def _restored(network: "Student", student: str, frame: "DegradedFrame") -> "Luma":
    """Return a frame as a student leaves it, and then as a student that takes the plate does."""
    from acutance.training.degradation.blind import after_student
    from acutance.training.run.validation import sharpened

    return sharpened(network, after_student(frame, student))


def _gain_table(measured: "Sequence[Gain]") -> Table:
    """One row for each student and memory: mean gain in each setting; then one for each clip."""
    table = Table(title="PSNR gained after a drop of the connection, dB")
    settings = list(dict.fromkeys(one.setting for one in measured))
    for column in ("student", "memory", "clip", *settings):
        table.add_column(column)
    rows = dict.fromkeys((one.student, one.memory) for one in measured)
    for student, memory in rows:
        own = [one for one in measured if (one.student, one.memory) == (student, memory)]
        by_setting = {name: [one for one in own if one.setting == name] for name in settings}
        means = [_mean(some) for some in by_setting.values()]
        table.add_row(student, memory, "mean", *means)
        for clip in dict.fromkeys(one.clip for one in own):
            gains = [next(one for one in some if one.clip == clip) for some in by_setting.values()]
            table.add_row("", "", clip, *map(_words, gains))
        table.add_section()
    return table


def _mean(gains: "Sequence[Gain]") -> str:
    """Mean gain in dB, and in JOD if it was measured."""
    jods = [one.jod for one in gains if one.jod is not None]
    return f"{fmean(one.gain for one in gains):+.2f}" + (f", {fmean(jods):+.2f} JOD" if jods else "")


def _words(one: "Gain") -> str:
    """Gain in dB and JOD; in parentheses PSNR (and JOD) of what arrives and the remembered share."""
    seen = "" if one.jod is None else f", {one.jod:+.2f} JOD"
    before = f"{one.before:.1f}" if one.jod_before is None else f"{one.before:.1f}, {one.jod_before:.1f} JOD"
    return f"{one.gain:+.2f}{seen} ({before}, {one.share:.0%})"


def _check_table(name: str, results: "Sequence[Integrity]") -> Table:
    """One row for each changed thing: changed places, places that show old content, and the share of the worst one."""
    table = Table(title=f"changed places that show old content: {name}")
    for column in ("changed", "setting", "places", "old", "worst"):
        table.add_column(column)
    for one in results:
        if one.old:
            table.add_row(one.thing, one.setting, str(one.places), str(one.old), f"{one.worst:.2f}")
    places, old = sum(one.places for one in results), sum(one.old for one in results)
    worst = max(one.worst for one in results)
    table.add_row("all", f"{len(results)} scenes and settings", str(places), str(old), f"{worst:.2f}")
    return table
