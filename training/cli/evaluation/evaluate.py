"""`acutance-train evaluate`: tables of quality and cost."""

from pathlib import Path
from typing import Annotated

import typer

from acutance.model.processors import usable_threads
from acutance.training.cli.evaluation.clips import Bits, ClipOptions, Codecs, Frames, Regimes, SizeNames, are_clips
from acutance.training.cli.evaluation.compare import DISPLAY, JOD_FRAMES, Display, JodFrames, Measures, Without
from acutance.training.cli.options import DATA, Data, FitOn, Sets, console, find_sets, fitted, named_sets
from acutance.training.data.pictures import DataError


def evaluate(
    methods: Annotated[
        list[str],
        typer.Argument(
            help="A shipped student, an .onnx file, a run or its checkpoint, teacher, input, unsharp, linear, or "
            "weights that spandrel recognises. LABEL=METHOD sets its name in the tables."
        ),
    ],
    sets: Sets = None,
    degradation: Annotated[
        list[str] | None,
        typer.Option(
            help="Pictures: identity, bicubic2, h264-0.1, soft2-vp8-0.05, shrunk2-h264-0.05, or a grid: call, codec. "
            "Repeatable."
        ),
    ] = None,
    metric: Annotated[
        list[str] | None,
        typer.Option(
            help="Pictures: in addition to psnr and ssim, ms-ssim, gradient, halo, lpips, vmaf, vmaf-neg. Repeatable."
        ),
    ] = None,
    data: Data = DATA,
    fit_on: FitOn = None,
    cost: Annotated[
        bool, typer.Option("--cost", help="Also measure parameters, MAC per pixel and ms per frame.")
    ] = False,
    cost_size: Annotated[str, typer.Option(help="Size of the timed frame.")] = "1280x720",
    cost_rounds: Annotated[int, typer.Option(min=1, help="Number of timed runs of each method.")] = 30,
    markdown: Annotated[Path | None, typer.Option(help="Also write the tables to this Markdown file.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Also write the tables to this CSV file.")] = None,
    json: Annotated[Path | None, typer.Option(help="Also write all results to this JSON file, for `figures`.")] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder in which degraded pictures, or figures of clips, are cached; figures always are."),
    ] = None,
    regime: Regimes = None,
    size: SizeNames = None,
    codec: Codecs = None,
    bits: Bits = None,
    measure: Measures = None,
    without: Without = None,
    frames: Frames = 0,
    display: Display = DISPLAY,
    jod_frames: JodFrames = JOD_FRAMES,
    processes: Annotated[int, typer.Option(min=1, help="Number of processes that measure.")] = usable_threads(),
) -> None:
    """Measure methods on pictures (PSNR, SSIM, cost) or on clips through real codecs (JOD, VMAF-NEG, flicker, harm)."""
    from acutance.training.evaluation import cost as costing
    from acutance.training.evaluation import tables
    from acutance.training.evaluation.evaluate import Plan, measure_sets
    from acutance.training.evaluation.methods.methods import choose_all, open_method
    from acutance.training.metrics.registry import choose
    from acutance.training.run.console import progress_bar

    if not sets and not cost:
        raise DataError("name at least one --set (a folder of pictures or clips), or use --cost")
    for file in (markdown, csv, json):
        if file and not file.resolve().parent.is_dir():
            raise DataError(f"{file} cannot be written: missing folder {file.resolve().parent}")
    folders = find_sets(sets or [], data)
    if are_clips(folders):
        if degradation or metric or csv or cost:
            raise DataError("--degradation, --metric, --csv and --cost are for pictures, not for clips")
        clips = ClipOptions(
            regime or (), size or (), codec or (), bits or (), measure or (), without or (), frames, display,
            jod_frames, fit_on, cache, processes,
        )  # fmt: skip
        clips.run(methods, folders, markdown, json)
        return
    choices = choose_all(methods)
    metrics, notes = choose(metric or [])
    timed_size = costing.parse_size(cost_size)
    chosen = named_sets(sets or [], degradation or ["bicubic2"], data)
    filters = None
    if any(choice.kind == "linear" for choice in choices):
        names = list(dict.fromkeys(["identity", *(name for _, ways in chosen for name in ways)]))
        filters = fitted(fit_on, names, processes)
    for choice in choices:
        open_method(choice, filters)  # refuses unusable files before the measurements start
    measurements = []
    if chosen:
        plan = Plan(tuple(choices), tuple(metrics), filters, cache)
        with progress_bar(console, "measuring") as progress:
            measurements = measure_sets(plan, chosen, processes, progress)
    timed = costing.costs(choices, timed_size, cost_rounds, filters=filters) if cost else []
    report = tables.Report(measurements, metrics, timed, notes)
    tables.show(console, report)
    title = ", ".join(choice.name for choice in choices)
    if markdown:
        markdown.write_text(tables.markdown(title, report), encoding="utf-8")
    if csv:
        csv.write_text(tables.as_csv(report), encoding="utf-8")
    if json:
        json.write_text(tables.as_json(report), encoding="utf-8")
