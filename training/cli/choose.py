"""`acutance-train choose`: choose among the checkpoints of one or more runs by the validation clips."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from acutance.training.cli import run_options as options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from acutance.training.shipping.choice import Evaluated


def choose(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", help="Folders of runs of one student, such as with several weights on harm."),
    ],
    data: Annotated[
        Path | None, typer.Option(help="Prepared set with the validation clips; by default that of the first run.")
    ] = None,
    score: Annotated[str, typer.Option(help="Measure of the gain: jod, vmaf_neg or psnr.")] = "jod",
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="Set a key of the first run's recipe, such as validation.stretch=12. Repeatable.",
            show_default=False,
        ),
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Exported student (.onnx) of any shape that the chosen checkpoint must beat.")
    ] = None,
    threads: options.Threads = 1,
) -> None:
    """Choose a checkpoint: the largest gain on the validation clips with little harm. `export` uses it by default.

    The last and the best checkpoint of each run and the mean of both are compared; the best one is written as
    RUN/chosen.safetensors.
    """
    import torch

    from acutance.training.checkpoints.run_record import RunRecord
    from acutance.training.data.dataset import TrainingSet
    from acutance.training.recipes.recipe import check_recipe, override
    from acutance.training.run.console import progress_bar
    from acutance.training.run.validation import Validation
    from acutance.training.shipping.choice import candidates, evaluate, exported, write_choice

    torch.set_num_threads(threads)
    console = options.console()
    found = [candidate for run in runs for candidate in candidates(run)]
    if against is not None:
        found.append(exported(against))
    record = RunRecord.read(runs[0])
    source = TrainingSet.open(data or Path(record.sources[0]))
    if score == "jod" and not any(item.frames > 1 for item in source.split("val")):
        console.print("JOD needs clips, and the validation has only pictures: the score is psnr", style="yellow")
        score = "psnr"
    tables = override(record.recipe, [f"validation.score={score}", *(changes or [])])
    recipe = check_recipe(tables, str(runs[0]))
    section = recipe.validation
    with progress_bar(console, "validation") as progress:
        validation = Validation(source, section, progress, recipe.pairs.neighbours)
    with progress_bar(console, "candidates") as progress:
        ranked = evaluate(found, validation, section, progress)
    console.print(_table(ranked, score))
    if ranked[0].value < 0:
        console.print(
            "every candidate harms more than the recipe allows: the one with the least harm is first", style="yellow"
        )
    path = write_choice(ranked, section, source)
    console.print(f"chosen: {path}", highlight=False, markup=False, soft_wrap=True)


def _table(ranked: "Sequence[Evaluated]", score: str) -> Table:
    table = Table()
    for name in ("run", "checkpoint", "step"):
        table.add_column(name)
    for name in ("score", f"gain, {score}", "gain, dB", "chroma, dB", "harmed"):
        table.add_column(name, justify="right")
    table.add_column("worst pair")
    for one in ranked:
        candidate = one.candidate
        table.add_row(
            candidate.source.name,
            candidate.name,
            str(candidate.state.step),
            f"{one.value:+.3f}",
            f"{one.gain:+.3f}",
            f"{one.gain_psnr:+.3f}",
            f"{one.gain_chroma:+.3f}",
            f"{one.harmed} of {one.pairs}",
            one.worst,
        )
    return table
