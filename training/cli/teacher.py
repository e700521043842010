"""`acutance-train teacher`: train a deep network to distil students from, or convert one from a file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from acutance.training.cli.run_options import TrainingOptions, console, train, with_training_options

_RECIPE = "teacher_call"


@with_training_options
def teacher(
    options: TrainingOptions,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Use this network instead of training one: a checkpoint, or weights that spandrel recognises.",
        ),
    ] = None,
) -> None:
    """Train a teacher on a prepared set, or convert one; writes OUT/teacher.safetensors for `distil --teacher`."""
    if source is None:
        train(options, "teacher", _RECIPE)
    else:
        _convert(source, options.out, options.data, options.recipe or _RECIPE, console())


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
