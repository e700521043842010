"""acutance-train: fit a student on pictures, judge it, export it."""

import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from training.data import DataError, PictureFile, Skipped, find_pictures
from training.recipe import Recipe, load_recipe
from training.run_record import Checkpoint, RunRecord, record

if TYPE_CHECKING:
    from model.engine import Engine
    from training.evaluate import Row

app = typer.Typer(
    help="Train, judge and export the networks that sharpen live video.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
# A log has no width, and a table that is folded there cannot be read.
console = Console(width=None if sys.stdout.isatty() else 140)


@app.command()
def fit(
    sources: Annotated[list[Path], typer.Argument(help="Folders of pictures; a sub-folder is a category.")],
    out: Annotated[Path, typer.Option(help="Folder of the run: pairs, checkpoints, record.")],
    recipe: Annotated[str, typer.Option(help="A shipped recipe's name, or a TOML file.")] = "call_first",
    val: Annotated[list[Path] | None, typer.Option(help="Folder of validation pictures; repeatable.")] = None,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Stop after so many minutes of training.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the training.")] = os.cpu_count() or 1,
    processes: Annotated[int, typer.Option(min=1, help="Processes that make pairs.")] = 2,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint of --out.")] = False,
) -> None:
    """Fit a student on pairs that are made from pictures."""
    import torch

    from training.console import FitReport, counted
    from training.pairs import make_pairs, smallest_picture
    from training.trainer import train
    from training.validation import Validation

    settings = load_recipe(recipe)
    _check_start(out, settings, resume)
    smallest = smallest_picture(settings.pairs)
    pictures, skipped = find_pictures(sources, smallest)
    _say_pictures("training", pictures, skipped)
    out.mkdir(parents=True, exist_ok=True)
    with counted(console, "pairs") as progress:
        pairs = make_pairs(pictures, settings, out / "pairs", processes=processes, progress=progress)
    validation = None
    if val:
        judged, skipped_too = find_pictures(val, smallest)
        _say_pictures("validation", judged, skipped_too)
        with counted(console, "validation") as progress:
            validation = Validation(judged, settings.validation.degradations, settings.pairs.frame, progress)
    if not resume:
        record(settings, sources, val or [], pictures, skipped).write(out)
    torch.set_num_threads(threads)
    report = FitReport(console)
    try:
        state = train(settings, pairs, validation, out, report, minutes=minutes, resume=resume)
    finally:
        report.close()
    console.print(f"{state.step} steps in {state.seconds / 60:.1f} minutes; {Checkpoint.LAST.file(out)}")


def _check_start(out: Path, settings: Recipe, resume: bool) -> None:
    """Refuse to overwrite a run, to go on with nothing, and to go on with other settings."""
    if not resume and Checkpoint.LAST.file(out).exists():
        raise DataError(f"{out} holds a run: --resume it, or name another --out")
    if resume and not Checkpoint.LAST.file(out).exists():
        raise DataError(f"{out} has no checkpoint to resume from")
    if resume and RunRecord.read(out).recipe != settings.model_dump(mode="json"):
        raise DataError(f"{out} was begun with another recipe: resume with that, or name another --out")


_Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        help="Folder of pictures or clips, or the name of one below --data; Set5:bicubic2,bicubic3 has its own "
        "degradations; repeatable.",
    ),
]
_Data = Annotated[Path, typer.Option(help="Where sets are looked for by name.")]
_DATA = Path("../shared/data")


@app.command()
def evaluate(
    student: Annotated[str, typer.Argument(help="An ONNX file or the name of a shipped student.")],
    sets: _Sets = None,
    degradation: Annotated[
        list[str] | None,
        typer.Option(
            help="identity, bicubic2, h264-0.1, soft2-vp8-0.05, shrunk2-h264-0.05, codec (a grid); repeatable."
        ),
    ] = None,
    data: _Data = _DATA,
    markdown: Annotated[Path | None, typer.Option(help="Write the table to this file, too.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the engine.")] = os.cpu_count() or 1,
) -> None:
    """Print SSIM and PSNR of input, unsharp mask and student against the truth."""
    from model.engine import Engine
    from training.evaluate import markdown as as_markdown
    from training.tables import footnote, print_rows

    if not sets:
        raise DataError("name at least one --set: a folder of pictures or clips")
    engine = Engine.open(student, provider="cpu", threads=threads)
    rows = _judged(engine, sets, degradation or ["bicubic2"], data)
    print_rows(console, f"{student} on the CPU", rows)
    console.print(footnote(), highlight=False, markup=False, soft_wrap=True)
    if markdown:
        markdown.write_text(f"# {student}\n\n{as_markdown(rows)}\n{footnote()}\n", encoding="utf-8")


@app.command()
def export(
    run: Annotated[Path, typer.Argument(help="The folder of a fit.")],
    out: Annotated[Path, typer.Option(help="The ONNX file; its model card (JSON) is written beside it.")],
    checkpoint: Annotated[Checkpoint, typer.Option(help="Which checkpoint.")] = Checkpoint.BEST,
    sets: _Sets = None,
    degradation: Annotated[list[str] | None, typer.Option(help="For the card's table; see evaluate.")] = None,
    data: _Data = _DATA,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the engine.")] = os.cpu_count() or 1,
) -> None:
    """Write a student as ONNX with its model card: parity checked, quality measured."""
    from training.shipping import load_run, ship
    from training.tables import print_rows

    loaded = load_run(run, checkpoint)
    wanted = degradation or ["identity", "bicubic2", "codec"]
    where = sets or loaded.record.validation
    rows = ship(loaded, out, lambda engine: _judged(engine, where, wanted, data), threads)
    print_rows(console, loaded.student.shape.name, rows)
    console.print(f"{out} and {out.with_suffix('.json')}", highlight=False, markup=False, soft_wrap=True)


def _judged(engine: "Engine", sets: list[str], degradations: list[str], data: Path) -> list["Row"]:
    from training.console import counted
    from training.evaluate import expand, find_set, judge

    tables = []
    for name in sets:
        folder, colon, own = name.partition(":")
        if Path(name).exists() or not colon:
            folder, own = name, ""
        tables.append((find_set(folder, data), expand(own.split(",") if own else degradations)))
    rows = []
    for folder_found, names in tables:
        with counted(console, f"measuring {folder_found.name}") as progress:
            rows += judge(engine.sharpen, folder_found, names, progress)
    return rows


def _say_pictures(what: str, pictures: list[PictureFile], skipped: list[Skipped]) -> None:
    for picture in skipped:
        console.print(f"skipped: {picture.path} {picture.reason}", highlight=False, markup=False, soft_wrap=True)
    counts = Counter(picture.category for picture in pictures)
    words = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    console.print(f"{what}: {len(pictures)} pictures ({words})", highlight=False, markup=False)


def _errors_for_people() -> tuple[type[Exception], ...]:
    """Errors whose message is all that a user needs."""
    from model.engine import EngineError
    from model.export import ExportError
    from training.recipe import RecipeError
    from training.run_record import CheckpointError
    from training.trainer import TrainingError

    return DataError, RecipeError, CheckpointError, TrainingError, EngineError, ExportError


def main() -> NoReturn:
    """Run the command line and leave the program; errors end it with a sentence and status 1."""
    try:
        app()
        sys.exit(0)
    except Exception as error:
        if not isinstance(error, _errors_for_people()):
            raise
        stderr = Console(stderr=True)
        stderr.print(f"error: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
