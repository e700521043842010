"""`acutance-train study`: train variants of a recipe over several seeds, and compare their gains."""

from pathlib import Path
from typing import Annotated

import typer

from acutance.training.cli import run_options as options


def study(
    file: Annotated[Path, typer.Argument(help="TOML file of the study: recipe, steps, seeds, variants.")],
    data: Annotated[Path, typer.Option(help="Training set made by `prepare`.")],
    out: Annotated[Path, typer.Option(help="Folder of the runs; finished runs in it are not repeated.")],
    teacher: Annotated[Path | None, typer.Option(help="Teacher for variants that need one.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write the table to this file.")] = None,
    threads: options.Threads = 1,
    processes: options.Processes = options.CORES,
) -> None:
    """Train each variant of a study with each seed, and compare the last validations."""
    from acutance.model.engine import catalog
    from acutance.training.checkpoints.provenance import commit, host_info, now
    from acutance.training.checkpoints.run_record import Checkpoint
    from acutance.training.data.pictures import DataError
    from acutance.training.recipes.recipe import load_recipe
    from acutance.training.run.run_options import RunOptions
    from acutance.training.run.training_run import train
    from acutance.training.study import study as studies
    from acutance.training.study.outcome import markdown as table_of
    from acutance.training.study.outcome import outcomes_of

    console = options.console()
    wanted = studies.read_study(file)
    planned = studies.trials(wanted, out)
    try:
        init = None if wanted.init is None else catalog.find(wanted.init).file
    except catalog.UnknownStudentError as error:
        raise DataError(f"{file}: init: {error}") from None

    def run(trial: studies.Trial) -> bool:
        console.rule(f"{trial.variant}, seed {trial.seed}", align="left")
        resume = Checkpoint.LAST.file(trial.folder).exists()
        run_options = RunOptions(
            command="distil",
            out=trial.folder,
            data=None if resume else data,
            recipe=None if resume else wanted.recipe,
            overrides=() if resume else trial.changes,
            steps=None if resume else wanted.steps,
            teacher=None if resume else teacher,
            init=None if resume else init,
            resume=resume,
            threads=threads,
            processes=processes,
        )
        return train(run_options, console)

    ended = studies.run_trials(planned, wanted.steps, run)
    score = load_recipe(wanted.recipe, wanted.changes).validation.score
    table = table_of(wanted, outcomes_of(planned, wanted.steps), score.replace("_", "-").upper())
    console.print(table, highlight=False, markup=False, soft_wrap=True)
    if markdown:
        note = f"\nTrained on {host_info()} at commit {commit()}, {now()}.\n"
        markdown.write_text(f"# {file.stem}\n\n{table}{note}", encoding="utf-8")
    if not ended:
        raise typer.Exit(options.STOPPED)
