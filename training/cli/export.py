"""`acutance-train export`: write the student of a run as an ONNX file with its model card."""

from pathlib import Path
from typing import Annotated

import typer

from acutance.model.processors import usable_threads
from acutance.training.checkpoints.run_record import Checkpoint
from acutance.training.cli.options import DATA, Data, Sets, console, named_sets
from acutance.training.data.pictures import DataError


def export(
    run: Annotated[Path, typer.Argument(help="Folder of the run.")],
    out: Annotated[Path, typer.Option(help="ONNX file to write; its model card (JSON) is written beside it.")],
    name: Annotated[str | None, typer.Option(help="Name of the student; by default the name of the file.")] = None,
    precision: Annotated[
        list[str] | None, typer.Option(help="fp32 (always written) or fp16 (for CUDA, written beside it). Repeatable.")
    ] = None,
    checkpoint: Annotated[
        Checkpoint | None,
        typer.Option(help="Checkpoint to export; by default the one that `choose` wrote, or else the best."),
    ] = None,
    sets: Sets = None,
    degradation: Annotated[
        list[str] | None, typer.Option(help="Degradation in the table of the card, as for `evaluate`. Repeatable.")
    ] = None,
    data: Data = DATA,
    cache: Annotated[Path | None, typer.Option(help="Folder in which degraded frames are cached.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Number of processes that measure.")] = usable_threads(),
) -> None:
    """Write a student as an ONNX file with its model card: batch norm folded, checked against torch, measured.

    A student that takes the plate of a memory is not measured on sets: `acutance-train memory` does that, on calls.
    """
    from acutance.training.evaluation import tables
    from acutance.training.evaluation.evaluate import Measurement, Plan, measure_sets
    from acutance.training.evaluation.methods.methods import Choice
    from acutance.training.evaluation.rows import Row, make_rows
    from acutance.training.metrics.registry import ALWAYS
    from acutance.training.run.console import progress_bar
    from acutance.training.shipping.export import Precision, export_run
    from acutance.training.shipping.finished_run import load_run

    known: dict[str, Precision] = {"fp32": "fp32", "fp16": "fp16"}
    for wanted in precision or []:
        if wanted not in known:
            raise DataError(f"{wanted!r} is not a precision; choose from {', '.join(known)}")
    loaded = load_run(run, checkpoint)
    chosen = named_sets(sets or [], degradation or ["identity", "bicubic2", "call"], data)
    label = name or out.stem
    found: list[Measurement] = []

    def measured(file: Path) -> list[Row]:
        if loaded.student.shape.plate:
            return []
        choices = (Choice("input", "input"), Choice("unsharp", "unsharp"), Choice(label, "student", file))
        with progress_bar(console, "measuring") as progress:
            found.extend(measure_sets(Plan(choices, ALWAYS, cache=cache), chosen, processes, progress))
        return make_rows(found)

    export_run(loaded, out, label, measured, ALWAYS, tuple(known[one] for one in precision or ["fp32"]))
    if found:
        tables.show(console, tables.Report(found, ALWAYS))
    console.print(f"{out} and {out.with_suffix('.json')}", highlight=False, markup=False, soft_wrap=True)
