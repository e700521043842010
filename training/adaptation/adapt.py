"""Fits a student further to one recorded call, and writes the result if it is better on frames kept aside."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from acutance.model.nets.reading import read_onnx
from acutance.training.adaptation.clip_set import write_clip_set
from acutance.training.adaptation.fitted_recipe import recipe_changes, recipe_name
from acutance.training.adaptation.guard import Guard
from acutance.training.data.pictures import DataError
from acutance.training.recipes.recipe import load_recipe
from acutance.training.run.run_options import RunOptions
from acutance.training.run.training_run import train
from acutance.training.run.validation import Validation
from acutance.training.shipping.choice import Evaluated, candidates, evaluate, exported, write_choice
from acutance.training.shipping.export import export_run
from acutance.training.shipping.finished_run import load_run


@dataclass(frozen=True)
class Adaptation:
    """How a student is fitted to a call.

    Attributes:
        clip: The recorded call, as it arrived over a good connection.
        start: The exported student (.onnx) to start from.
        out: The ONNX file to write.
        work: Folder of the training set and of the run; empty.
        share: Share of the clip, from its start, that is used.
        kept: Share of that part, at its end, that is kept aside.
        most: Most frames that are used.
        steps: Number of training steps; None for the recipe's.
        processes: Number of processes that make pairs.
        changes: Changed keys of the recipe, as for `load_recipe`.
    """

    clip: Path
    start: Path
    out: Path
    work: Path
    share: float = 1.0
    kept: float = 0.2
    most: int = 1800
    steps: int | None = None
    processes: int = 1
    changes: tuple[str, ...] = ()


Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]


def adapt(how: Adaptation, console: Console, progress: Progress) -> tuple[Evaluated, Evaluated] | None:
    """Fit a student to a call.

    A student that takes a plate is not written either if it shows old content in drawn scenes, see `Guard`.

    Returns:
        The scores of the written student and of the start, on the frames kept aside; None if a signal stopped the run.

    Raises:
        DataError: The clip or the student cannot be used, or the result is not better than the start: nothing is
            written.
    """
    if how.out.suffix != ".onnx":
        raise DataError(f"--out must be the name of an .onnx file, not {how.out}")
    shape = read_onnx(how.start).shape
    name, overrides = recipe_name(shape), [*recipe_changes(how.start.stem, shape), *how.changes]
    source_folder, run = how.work / "set", how.work / "run"
    source_folder.mkdir(parents=True)
    source = write_clip_set(how.clip, source_folder, share=how.share, kept=how.kept, most=how.most)
    options = RunOptions(
        command="distil",
        out=run,
        data=source_folder,
        recipe=name,
        overrides=tuple(overrides),
        steps=how.steps,
        init=how.start,
        processes=how.processes,
    )
    if not train(options, console):
        return None
    section = load_recipe(name, overrides).validation
    with progress("validation") as report:
        validation = Validation(source, section, report)
    with progress("candidates") as report:
        ranked = evaluate([*candidates(run), exported(how.start)], validation, section, report)
    before = next(one for one in ranked if one.candidate.source == how.start)
    if shape.plate and ranked[0] is not before:
        guard = Guard()
        ranked = [one for one in ranked if one is before or not guard.old(one.candidate.network)]
        if ranked[0] is before:
            raise DataError("the fitted student shows old content as new in drawn scenes: nothing is written")
    best = ranked[0]
    if best is before or best.value <= 0:
        raise DataError(
            f"the fitted student is not better than {how.start} on the frames kept aside ({before.gain_psnr:+.2f} dB): "
            "nothing is written"
        )
    write_choice(ranked, section, source)
    export_run(load_run(run), how.out, how.out.stem, lambda file: [], ())
    return best, before
