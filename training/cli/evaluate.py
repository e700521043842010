"""`acutance-train evaluate`: tables of quality and cost."""

from pathlib import Path
from typing import Annotated

import typer

from acutance.model.processors import usable_threads
from acutance.training.cli.options import DATA, Data, FitOn, Sets, console, fitted, named_sets
from acutance.training.data.pictures import DataError


def evaluate(
    methods: Annotated[
        list[str],
        typer.Argument(
            help="A shipped student, an .onnx file, a run or its checkpoint, teacher, input, unsharp, linear, or "
            "weights that spandrel knows; LABEL=METHOD gives it another name in the tables."
        ),
    ],
    sets: Sets = None,
    degradation: Annotated[
        list[str] | None,
        typer.Option(
            help="identity, bicubic2, h264-0.1, soft2-vp8-0.05, shrunk2-h264-0.05, or a grid: call, codec; repeatable."
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(help="In addition to psnr and ssim: ms-ssim, gradient, halo, lpips, vmaf, vmaf-neg; repeatable."),
    ] = None,
    data: Data = DATA,
    fit_on: FitOn = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Measure parameters, MAC per pixel and ms a frame, too.")
    ] = False,
    cost_size: Annotated[str, typer.Option(help="Size of the frame that is timed.")] = "1280x720",
    cost_rounds: Annotated[int, typer.Option(min=1, help="How often each method is timed.")] = 30,
    markdown: Annotated[Path | None, typer.Option(help="Write the tables to this file, too.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write every figure to this file, a line each.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write everything to this file, for `figures`.")] = None,
    cache: Annotated[Path | None, typer.Option(help="Keep degraded frames in this folder for the next time.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Processes that measure.")] = usable_threads(),
) -> None:
    """Measure methods on test sets: PSNR, SSIM and more, with intervals, against the input; and what they cost."""
    from acutance.training.evaluation import cost as costing
    from acutance.training.evaluation import tables
    from acutance.training.evaluation.evaluate import Plan, judge
    from acutance.training.evaluation.methods.methods import choose_all, open_method
    from acutance.training.metrics.registry import choose
    from acutance.training.run.console import counted

    if not sets and not cost:
        raise DataError("name at least one --set (a folder of pictures or clips), or ask for --cost")
    choices = choose_all(methods)
    metrics, notes = choose(metric or [])
    size = costing.parse_size(cost_size)
    judged = named_sets(sets or [], degradation or ["bicubic2"], data)
    for file in (markdown, csv, json):
        if file and not file.resolve().parent.is_dir():
            raise DataError(f"{file} cannot be written: there is no folder {file.resolve().parent}")
    filters = None
    if any(choice.kind == "linear" for choice in choices):
        names = list(dict.fromkeys(["identity", *(name for _, ways in judged for name in ways)]))
        filters = fitted(fit_on, names, processes)
    for choice in choices:
        open_method(choice, filters)  # a file that cannot be used is told now, not after minutes
    measurements = []
    if judged:
        plan = Plan(tuple(choices), tuple(metrics), filters, cache)
        with counted(console, "measuring") as progress:
            measurements = judge(plan, judged, processes, progress)
    timed = costing.costs(choices, size, cost_rounds, filters=filters) if cost else []
    report = tables.Report(measurements, metrics, timed, notes)
    tables.show(console, report)
    title = ", ".join(choice.name for choice in choices)
    if markdown:
        markdown.write_text(tables.markdown(title, report), encoding="utf-8")
    if csv:
        csv.write_text(tables.as_csv(report), encoding="utf-8")
    if json:
        json.write_text(tables.as_json(report), encoding="utf-8")
