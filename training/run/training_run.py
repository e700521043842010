"""A run from its options to its folder, for `acutance-train teacher` and `distil`."""

import json
from typing import Any

import torch
from lightning_fabric import Fabric
from rich.console import Console
from torch import Tensor

from acutance.training.checkpoints.run_record import Checkpoint, RunRecord
from acutance.training.data.pictures import DataError
from acutance.training.losses.objective import Objective
from acutance.training.losses.ranks import Ranks
from acutance.training.pairs.batches import Batches
from acutance.training.recipes.recipe import Recipe
from acutance.training.run.console import RunReport
from acutance.training.run.devices import begin_steps, launch
from acutance.training.run.inputs import prepare_inputs
from acutance.training.run.interruption import Interruption
from acutance.training.run.journal import Journal
from acutance.training.run.run_options import (
    RunOptions,
    check_unchanged,
    load_initial_weights,
    record_to_resume,
    resolve_data,
    resolve_recipe,
    resolve_teacher,
)
from acutance.training.run.samples import Samples
from acutance.training.run.trainer import Trainer
from acutance.training.run.validation import Validation
from acutance.training.teachers.teachers import FILE, LoadedTeacher, write_teacher


def train(options: RunOptions, console: Console) -> bool:
    """Train; returns whether the run reached its end, False if a signal stopped it.

    Raises:
        DataError: The options, the data or a checkpoint cannot be used, or training failed.
    """
    torch.set_num_threads(options.threads)
    before = record_to_resume(options, console)
    recipe, data = resolve_recipe(options, before), resolve_data(options, before)
    fabric = launch(options.accelerator, options.devices, options.nodes, options.precision)
    if recipe.training.batch % fabric.world_size:
        raise DataError(f"a batch of {recipe.training.batch} cannot be shared evenly by {fabric.world_size} processes")
    console.quiet = console.quiet or not fabric.is_global_zero
    teacher = resolve_teacher(options, recipe, before)
    inputs = prepare_inputs(options, recipe, data, teacher, fabric, console)
    begin_steps(fabric)
    record = inputs.record(options, recipe, fabric)
    if before is not None:
        check_unchanged(options.out, before, record)
    elif fabric.is_global_zero:
        record.write(options.out)
    if teacher is not None:
        teacher.module.to(fabric.device)

    settings = recipe.training
    batches = Batches(
        inputs.pairs,
        inputs.labels,
        batch=settings.batch,
        crop=settings.crop,
        margin=_margin(recipe, teacher),
        seed=settings.seed,
        rank=fabric.global_rank,
        ranks=fabric.world_size,
    )
    steps, interval = settings.length(len(inputs.pairs)), settings.validation_interval(len(inputs.pairs))
    ranks = Ranks(fabric.global_rank, fabric.world_size, lambda value: _mean(fabric, value))
    objective = Objective(recipe.losses, recipe.shape.border, teacher, inputs.backbone, ranks)
    run = Trainer(recipe, batches, steps, interval, objective, inputs.validation, options.out, fabric)
    if before is not None and Checkpoint.LAST.file(options.out).exists():
        run.resume()
    elif options.init is not None:
        run.start_from(load_initial_weights(options.init, recipe))
    return _run_and_report(run, steps, options, console, inputs.validation, teacher, fabric)


def _mean(fabric: Fabric, value: Tensor) -> Tensor:
    mean = fabric.all_reduce(value.detach().clone(), reduce_op="mean")
    assert isinstance(mean, Tensor)
    return mean


def _margin(recipe: Recipe, teacher: LoadedTeacher | None) -> int:
    """Pixels at the edge of a patch that no crop may contain."""
    if teacher is None or not recipe.losses.teacher_output.weight:
        return 0
    margin, crop, patch = teacher.border, recipe.training.crop, recipe.pairs.patch
    if crop + 2 * margin > patch:
        raise DataError(
            f"training.crop {crop} does not fit in pairs.patch {patch} without the {margin} px at each edge that the "
            f"padding of {teacher.name} reaches: set a smaller crop or a larger patch"
        )
    return margin


def _run_and_report(
    run: Trainer,
    steps: int,
    options: RunOptions,
    console: Console,
    validation: Validation | None,
    teacher: LoadedTeacher | None,
    fabric: Fabric,
) -> bool:
    if not fabric.is_global_zero:
        with Interruption() as stop:  # the first process gets the signal too and decides for all
            return run.train(_NullListener(), stop.requested)
    report = RunReport(console, options.command, run.state.step)
    samples = None if validation is None else Samples(validation, None if teacher is None else teacher.module)
    journal = Journal(options.out, report, samples, run.state.step)
    try:
        with Interruption() as stop:
            ended = run.train(journal, stop.requested)
    finally:
        journal.close()
    where = f"{run.state.step} of {steps} steps, {run.state.seconds / 60:.1f} minutes; {options.out}"
    words = where if ended else f"stopped after {where}: continue with --resume"
    console.print(words, highlight=False, markup=False, soft_wrap=True)
    if ended and options.command == "teacher":
        notes = {"recipe": json.dumps(RunRecord.read(options.out).recipe)}
        write_teacher(Checkpoint.BEST.file(options.out), options.out / FILE, notes)
        console.print(f"teacher: {options.out / FILE}", highlight=False, markup=False, soft_wrap=True)
    return ended


class _NullListener:
    """The listener of every process but the first."""

    def losses(self, step: int, steps: int, rate: float, losses: dict[str, float]) -> None:
        """Do nothing."""

    def validated(self, step: int, scores: Any, score: float, best: bool, network: Any) -> None:
        """Do nothing."""
