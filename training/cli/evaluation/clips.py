"""The options and the run of `acutance-train evaluate` on sets of clips."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from acutance.training.cli.options import console, fitted
from acutance.training.data.pictures import DataError

Regimes = Annotated[
    list[str] | None,
    typer.Option(
        "--regime",
        help="Clips: first_second, steady, shrunk1.5, shrunk2, shrunk3, soft2. Repeatable; default all but soft2.",
    ),
]
SizeNames = Annotated[
    list[str] | None, typer.Option("--size", help="Clips: native, halved (default both). Repeatable.")
]
Codecs = Annotated[list[str] | None, typer.Option("--codec", help="Clips: h264 or vp8; default both. Repeatable.")]
Bits = Annotated[
    list[float] | None,
    typer.Option(
        "--bits",
        help="Clips: bits per coded pixel and frame. Repeatable; default 0.0125, 0.02, 0.03, 0.05, 0.1 and 0.6, for "
        "shrunk regimes 0.03, 0.05 and 0.1.",
    ),
]
Frames = Annotated[int, typer.Option(min=0, help="Clips: frames of a regime that are judged at most, 0 for all.")]


@dataclass(frozen=True)
class ClipOptions:
    """The options of `evaluate` that are for clips."""

    regimes: Sequence[str]
    sizes: Sequence[str]
    codecs: Sequence[str]
    bits: Sequence[float]
    measures: Sequence[str]
    without: Sequence[str]
    frames: int
    display: str
    jod_frames: int
    fit_on: Path | None
    cache: Path | None
    processes: int

    def run(self, methods: Sequence[str], folders: Sequence[Path], markdown: Path | None, json: Path | None) -> None:
        """Judge methods on sets of clips, print the tables, and write the files.

        Raises:
            DataError: An option, a set or a method cannot be used.
        """
        from acutance.training.evaluation.clips import settings, tables
        from acutance.training.evaluation.clips.judging import judge_clips
        from acutance.training.evaluation.fitset import cache_folder
        from acutance.training.evaluation.methods.methods import choose_all, open_method
        from acutance.training.judge.jod import parse_display
        from acutance.training.judge.judge import Options, choose
        from acutance.training.run.console import progress_bar

        choices = choose_all(methods)
        measures = choose(self.measures, self.without)
        if "jod" in measures:
            parse_display(self.display)
        plan = settings.ClipPlan(
            tuple(choices),
            self.cache or cache_folder() / "judged",
            measures,
            Options(self.display, self.jod_frames),
            settings.choose_sizes(self.sizes),
            tuple(dict.fromkeys(self.regimes)) or settings.REGIMES,
            settings.choose_codecs(self.codecs),
            tuple(dict.fromkeys(self.bits)),
            self.frames,
        )
        names = [how.name for _, how, _ in plan.settings()]
        if any(choice.kind == "linear" for choice in choices):
            plan = plan.with_filters(fitted(self.fit_on, list(dict.fromkeys(names)), self.processes))
        for choice in choices:
            open_method(choice, plan.filters)  # refuses unusable files before the measurements start
        with progress_bar(console, "judging") as progress:
            rows = judge_clips(plan, folders, self.processes, progress)
        results = tables.results(rows, plan)
        tables.show(console, results)
        if json:
            json.write_text(results.to_json(), encoding="utf-8")
        if markdown:
            markdown.write_text(tables.markdown(results), encoding="utf-8")


def are_clips(folders: Sequence[Path]) -> bool:
    """Whether sets are clips; False for pictures.

    Raises:
        DataError: Some are clips and some are not.
    """
    from acutance.training.data.clips import find_clips

    clips = [bool(find_clips(folder)) for folder in folders]
    if any(clips) and not all(clips):
        raise DataError("clips and pictures have different tables: evaluate them separately")
    return any(clips)
